import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { MAX_KEY_BYTES, apiKeyHasher, isApiKey, makeApiKey, makeSecret } from './api-key';

const random = { bytes: (length: number) => randomBytes(length) };
const zeros = { bytes: (length: number) => new Uint8Array(length) };
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function decode62(text: string): bigint {
  let value = 0n;
  for (const digit of text) value = value * 62n + BigInt(BASE62.indexOf(digit));
  return value;
}

describe('a made key', () => {
  it('has the form that scanners look for, its id and a right checksum', () => {
    for (let i = 0; i < 200; i++) {
      const { id, key } = makeApiKey(random);
      expect(key).toMatch(/^ts_live_[0-9a-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
      expect(key.startsWith(`ts_live_${id}_`)).toBe(true);
      expect(isApiKey(key)).toBe(true);
      expect(decode62(key.slice(-6))).toBe(BigInt(crc32(key.slice(0, -7))));
    }
  });

  it('holds all 256 bits of its secret', () => {
    const bytes = randomBytes(32);
    const secret = makeSecret({ bytes: () => bytes });
    expect(decode62(secret)).toBe(BigInt(`0x${bytes.toString('hex')}`));
    expect(makeSecret(zeros)).toBe('0'.repeat(43));
    const ones = makeSecret({ bytes: (length) => new Uint8Array(length).fill(255) });
    expect(decode62(ones)).toBe(2n ** 256n - 1n);
  });

  it('is never the same twice', () => {
    const keys = Array.from({ length: 1_000 }, () => makeApiKey(random));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(1_000);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1_000);
  });
});

describe('isApiKey', () => {
  it('finds each changed or lost character', () => {
    const { key } = makeApiKey(random);
    for (let i = 0; i < key.length; i++) {
      const other = key[i] === 'q' ? 'z' : 'q';
      expect(isApiKey(key.slice(0, i) + other + key.slice(i + 1))).toBe(false);
      expect(isApiKey(key.slice(0, i) + key.slice(i + 1))).toBe(false);
    }
  });

  it.each(['', 'ts_live_', 'x'.repeat(67), '\u{1f511}'.repeat(20)])('refuses %p', (text) => {
    expect(isApiKey(text)).toBe(false);
  });
});

describe('apiKeyHasher', () => {
  it.each([0, 1, 32, 64])('is HMAC-SHA256 under a pepper of %i bytes', (length) => {
    const pepper = randomBytes(length);
    const hash = apiKeyHasher(pepper);
    for (const key of [
      '',
      'a',
      makeApiKey(random).key,
      'schlüssel 🔑',
      'x'.repeat(MAX_KEY_BYTES),
      'short again',
    ]) {
      expect(hash(key)).toBe(createHmac('sha256', pepper).update(key).digest('hex'));
    }
  });

  it('refuses what it has no room for', () => {
    expect(() => apiKeyHasher(randomBytes(65))).toThrow(RangeError);
    expect(() => apiKeyHasher(randomBytes(32))('ü'.repeat(2_049))).toThrow(RangeError);
  });
});
