import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject, LedgerRecord } from '#libs/core';
import { envelopeText, parseEnvelope } from './envelope';
import type { ClassPath, Envelope } from './envelope';
import { NO_PREDECESSOR, sha256Hex } from './hash';
import { jcs } from './jcs';
import {
  blindIndex,
  fingerprintKey,
  idempotencyFingerprint,
  idempotencyKey,
  streamTag,
} from './keyed-hashes';
import type { IdempotencyInput } from './keyed-hashes';
import { CHAIN_START, leafOf, makeRecord, verifyRecord } from './record';
import { seal, unseal } from './sealing';
import { unwrap, wrap } from './wrapping';

interface BlobVector {
  readonly class: ClassPath;
  readonly kid: string;
  readonly dek: string;
  readonly nonce: string;
  readonly plaintext: JsonObject;
  readonly plaintextJcsSha256: string;
  readonly blob: string;
}
interface Fingerprinted {
  readonly command: string;
  readonly k: string;
  readonly body: unknown;
  readonly f: string;
}
interface Keyed {
  readonly kInput: readonly string[];
  readonly k: string;
}
interface RecordVector {
  readonly rev: number;
  readonly idem: (Fingerprinted & Keyed) | null;
  readonly blobs: readonly BlobVector[];
  readonly env: Envelope;
  readonly envJcs: string;
  readonly c: string;
  readonly leaf: string;
  readonly leafHash: string;
}
interface Vectors {
  readonly keys: Readonly<Record<'streamSalt32' | 'K_idem' | 'K_f' | 'K_bidx', string>>;
  readonly stream: string;
  readonly s: string;
  readonly records: readonly RecordVector[];
  readonly moreK: readonly Keyed[];
  readonly moreF: readonly Fingerprinted[];
  readonly blindIndex: readonly Readonly<Record<'type' | 'normal' | 'index', string>>[];
  readonly wrap: Readonly<Record<'kek' | 'kekId' | 'kid' | 'nonce' | 'dek' | 'blob', string>>;
  readonly jcs: readonly { readonly in: string; readonly sha256: string; readonly profile: boolean }[];
}

// The exact bytes of record version 1, computed by two programs that are not ours (trust.md §1.1–2.2).
const file = join(__dirname, '../../../test/vectors/record-vectors.json');
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'));
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const salt = hex(vectors.keys.streamSalt32);
const kIdem = hex(vectors.keys.K_idem);
const kF = hex(vectors.keys.K_f);

function inputOf([kind, a, b, c, d]: readonly string[]): IdempotencyInput {
  if (kind === 'key') return { principal: String(a), key: String(c) };
  if (b === '') return { orderId: String(c), customerId: String(d) };
  return { source: { system: String(b), id: String(c), ...(d === '' ? {} : { part: String(d) }) } };
}

describe('record version 1', () => {
  test('stream tag and fingerprint key', () => {
    expect(streamTag(salt, vectors.stream)).toBe(vectors.s);
    expect(fingerprintKey(salt)).toEqual(kF);
  });

  test.each<[number, any]>(vectors.records.map((record: { rev: number }) => [record.rev, record]))(
    'revision %i: every intermediate value',
    (_rev, vector: any) => {
      if (vector.idem !== null) {
        const { command, kInput, k, body, f } = vector.idem;
        expect(idempotencyKey(kIdem, command, inputOf(kInput))).toBe(k);
        expect(idempotencyFingerprint(kF, command, k, body)).toBe(f);
      }
      const toSeal = vector.blobs.map((blob: any) => ({
        path: blob.class as ClassPath,
        fields: blob.plaintext,
        key: { kid: blob.kid, key: createSecretKey(hex(blob.dek)) },
        nonce: hex(blob.nonce),
      }));
      for (const [i, blob] of vector.blobs.entries()) {
        const context = { eventId: vector.env.id, stream: vectors.stream, path: blob.class };
        expect(sha256Hex(jcs(blob.plaintext))).toBe(blob.plaintextJcsSha256);
        expect(seal(blob.plaintext, toSeal[i].key, context, hex(blob.nonce)).toString('hex')).toBe(blob.blob);
        expect(unseal(hex(blob.blob), toSeal[i].key, context)).toEqual(blob.plaintext);
        expect(() => unseal(hex(blob.blob), toSeal[i].key, { ...context, eventId: 'x' })).toThrow(
          'does not open',
        );
      }
      expect(envelopeText(vector.env, vector.env.sealed)).toBe(vector.envJcs);
      const parsed = parseEnvelope(vector.envJcs);
      expect(envelopeText(parsed, parsed.sealed)).toBe(vector.envJcs);
      expect(jcs(vector.env)).toBe(vector.envJcs);
      expect(sha256Hex(vector.envJcs)).toBe(vector.c);
      const { sealed: _sealed, v: _v, ...unsealed } = vector.env;
      const previous = JSON.parse(vector.leaf).p;
      const record = makeRecord(unsealed, toSeal, previous, vectors.s);
      expect(record.env).toBe(vector.envJcs);
      expect(record.leafHash).toBe(vector.leafHash);
      expect(leafOf(record, previous)).toEqual({ text: vector.leaf, hash: vector.leafHash });
    },
  );

  test('further keys, fingerprints, blind indexes and the key wrap', () => {
    for (const { kInput, k } of vectors.moreK) {
      expect(idempotencyKey(kIdem, kInput[0] === 'key' ? kInput[2] : kInput[1], inputOf(kInput))).toBe(k);
    }
    for (const { command, k, body, f } of vectors.moreF) {
      expect(idempotencyFingerprint(kF, command, k, body)).toBe(f);
    }
    for (const { type, normal, index } of vectors.blindIndex) {
      expect(blindIndex(hex(vectors.keys.K_bidx), type, normal)).toBe(index);
    }
    const { kek, kekId, kid, nonce, dek, blob } = vectors.wrap;
    expect(wrap(hex(dek), kid, { id: kekId, bytes: hex(kek) }, hex(nonce)).toString('hex')).toBe(blob);
    expect(unwrap(hex(blob), kid, { id: kekId, bytes: hex(kek) }).toString('hex')).toBe(dek);
    expect(() => unwrap(hex(blob), 'dek_other.1', { id: kekId, bytes: hex(kek) })).toThrow('does not open');
  });
});

describe('canonical JSON', () => {
  test.each(
    vectors.jcs.filter((vector: any) => vector.profile).map((vector: any) => [vector.sha256, vector.in]),
  )('vector %s', (sha256: string, text: string) => expect(sha256Hex(jcs(JSON.parse(text)))).toBe(sha256));

  test.each<[string]>(vectors.jcs.filter((vector: any) => !vector.profile).map((vector: any) => [vector.in]))(
    'refuses what is outside the profile: %s',
    (text) => expect(() => jcs(JSON.parse(text))).toThrow('safe integers'),
  );

  test.each([
    ['NaN', Number.NaN],
    ['a lone surrogate', '\ud800'],
    ['a key with a lone surrogate', { '\udc00': 1 }],
    ['a date', new Date(0)],
    ['a buffer', Buffer.from('x')],
    ['a map', new Map()],
    ['a big integer', 1n],
    ['undefined in an array', [undefined]],
    ['a hole', Array(1)],
    ['2^53', 2 ** 53],
  ])('refuses %s', (_name, value) => expect(() => jcs(value)).toThrow(TypeError));

  test('sorts by UTF-16 code units, keeps __proto__, writes −0 as 0', () => {
    expect(jcs({ '\ufb33': 1, '\ud83d\ude00': 2, 10: 3, 9: 4 })).toBe(
      '{"10":3,"9":4,"\ud83d\ude00":2,"\ufb33":1}',
    );
    expect(jcs(JSON.parse('{"__proto__":{"x":-0}}'))).toBe('{"__proto__":{"x":0}}');
  });
});

describe('verifyRecord', () => {
  const records = vectors.records.map((vector: any) => ({
    id: vector.env.id,
    stream: vectors.stream,
    rev: vector.rev,
    env: vector.envJcs,
    sealed: Object.fromEntries(vector.blobs.map((blob: any) => [blob.class, hex(blob.blob)])),
    leafHash: vector.leafHash,
    tag: vectors.s,
  }));
  const faultsOf = (chain: any[]): string[] => {
    let head = CHAIN_START;
    return chain.flatMap((record) => {
      const result = verifyRecord(record, head);
      head = result.head;
      return result.faults;
    });
  };

  test('the untouched chain has no fault', () => {
    expect(records[0].leafHash).not.toBe(NO_PREDECESSOR);
    expect(faultsOf(records)).toEqual([]);
  });

  test.each<[string, (chain: any[]) => any[]]>([
    ['a changed field', (c) => [c[0], { ...c[1], env: c[1].env.replace('inbound', 'outbound') }, c[2], c[3]]],
    [
      'another order of keys',
      (c) => [{ ...c[0], env: JSON.stringify(JSON.parse(c[0].env), ['v', 'id']) }, ...c.slice(1)],
    ],
    ['a blank', (c) => [{ ...c[0], env: c[0].env.replace('{', '{ ') }, ...c.slice(1)]],
    ['a missing event', (c) => [c[0], c[2], c[3]]],
    ['swapped events', (c) => [c[0], c[2], c[1], c[3]]],
    [
      'a changed blob',
      (c) => [{ ...c[0], sealed: { ...c[0].sealed, '/identity': hex('01'.repeat(40)) } }, ...c.slice(1)],
    ],
    [
      'an undeclared blob',
      (c) => [c[0], c[1], { ...c[2], sealed: { '/service': hex('01'.repeat(40)) } }, c[3]],
    ],
    ['another leaf hash', (c) => [c[0], c[1], c[2], { ...c[3], leafHash: '0'.repeat(64) }]],
    ['another tag', (c) => [c[0], c[1], c[2], { ...c[3], tag: '0'.repeat(32) }]],
    ['an extra key', (c) => [{ ...c[0], env: c[0].env.replace('"v":1}', '"v":1,"x":1}') }, ...c.slice(1)]],
  ])('finds %s', (_name, tamper) => expect(faultsOf(tamper(records))).not.toEqual([]));

  test('a dropped blob is no fault: its hash stays', () => {
    expect(faultsOf([{ ...records[0], sealed: {} }, ...records.slice(1)])).toEqual([]);
  });
});
