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

  test.each<RecordVector>([...vectors.records])('revision $rev: every intermediate value', (vector) => {
    const toSeal = vector.blobs.map((blob) => ({
      path: blob.class,
      fields: blob.plaintext,
      key: { kid: blob.kid, key: createSecretKey(hex(blob.dek)) },
      nonce: hex(blob.nonce),
    }));
    for (const blob of vector.blobs) {
      const key = { kid: blob.kid, key: createSecretKey(hex(blob.dek)) };
      const context = { eventId: vector.env.id, stream: vectors.stream, path: blob.class };
      expect(sha256Hex(jcs(blob.plaintext))).toBe(blob.plaintextJcsSha256);
      expect(seal(blob.plaintext, key, context, hex(blob.nonce)).toString('hex')).toBe(blob.blob);
      expect(unseal(hex(blob.blob), key, context)).toEqual(blob.plaintext);
      expect(() => unseal(hex(blob.blob), key, { ...context, eventId: 'x' })).toThrow('does not open');
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
  });

  test('keys and fingerprints of the records', () => {
    const idems = vectors.records.flatMap(({ idem }) => (idem === null ? [] : [idem]));
    expect(idems.length).toBeGreaterThan(1);
    for (const { command, kInput, k, body, f } of idems) {
      expect(idempotencyKey(kIdem, command, inputOf(kInput))).toBe(k);
      expect(idempotencyFingerprint(kF, command, k, body)).toBe(f);
    }
  });

  test('further keys, fingerprints, blind indexes and the key wrap', () => {
    for (const { kInput, k } of vectors.moreK) {
      const command = String(kInput[0] === 'key' ? kInput[2] : kInput[1]);
      expect(idempotencyKey(kIdem, command, inputOf(kInput))).toBe(k);
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
  test.each(vectors.jcs.filter(({ profile }) => profile))('vector $sha256', (vector) => {
    expect(sha256Hex(jcs(JSON.parse(vector.in)))).toBe(vector.sha256);
  });

  test.each(vectors.jcs.filter(({ profile }) => !profile).map((vector) => [vector.in]))(
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
  const records: readonly LedgerRecord[] = vectors.records.map((vector) => ({
    id: vector.env.id,
    stream: vectors.stream,
    rev: vector.rev,
    env: vector.envJcs,
    sealed: Object.fromEntries(vector.blobs.map((blob) => [blob.class, hex(blob.blob)])),
    leafHash: vector.leafHash,
    tag: vectors.s,
  }));
  const faultsOf = (chain: readonly LedgerRecord[]): string[] => {
    let head = CHAIN_START;
    return chain.flatMap((record) => {
      const result = verifyRecord(record, head);
      head = result.head;
      return result.faults;
    });
  };

  test('the untouched chain has no fault', () => {
    expect(records[0]?.leafHash).not.toBe(NO_PREDECESSOR);
    expect(faultsOf(records)).toEqual([]);
  });

  type Change = Partial<LedgerRecord> | ((record: LedgerRecord) => Partial<LedgerRecord>);
  const changed = (revision: number, change: Change): LedgerRecord[] =>
    records.map((record) => {
      if (record.rev !== revision) return record;
      return { ...record, ...(typeof change === 'function' ? change(record) : change) };
    });
  const inOrder = (...revisions: number[]): LedgerRecord[] =>
    revisions.flatMap((revision) => records.slice(revision, revision + 1));
  const envOf =
    (edit: (env: string) => string): Change =>
    ({ env }) => ({ env: edit(env) });
  const other = hex('01'.repeat(40));

  test.each<[string, readonly LedgerRecord[]]>([
    [
      'a changed field',
      changed(
        1,
        envOf((env) => env.replace('inbound', 'outbound')),
      ),
    ],
    [
      'another order of keys',
      changed(
        0,
        envOf((env) => JSON.stringify(JSON.parse(env), ['v', 'id'])),
      ),
    ],
    [
      'a blank',
      changed(
        0,
        envOf((env) => env.replace('{', '{ ')),
      ),
    ],
    ['a missing event', inOrder(0, 2, 3)],
    ['swapped events', inOrder(0, 2, 1, 3)],
    ['a changed blob', changed(0, ({ sealed }) => ({ sealed: { ...sealed, '/identity': other } }))],
    ['an undeclared blob', changed(2, { sealed: { '/service': other } })],
    ['another leaf hash', changed(3, { leafHash: '0'.repeat(64) })],
    ['another tag', changed(3, { tag: '0'.repeat(32) })],
    [
      'an extra key',
      changed(
        0,
        envOf((env) => env.replace('"v":1}', '"v":1,"x":1}')),
      ),
    ],
  ])('finds %s', (_name, tampered) => {
    expect(tampered).not.toEqual(records);
    expect(faultsOf(tampered)).not.toEqual([]);
  });

  test('a dropped blob is no fault: its hash stays', () => {
    expect(faultsOf(changed(0, { sealed: {} }))).toEqual([]);
  });
});
