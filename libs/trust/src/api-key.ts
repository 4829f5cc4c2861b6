import type { Random } from '#libs/core';
import { hmacSha256Hex } from './hash';

/** What every key of a live ledger begins with, so that people and secret scanners know it when they see it. */
const API_KEY_PREFIX = 'ts_live_';

const ID_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 8;
/** A block of SHA-256: what HMAC takes without hashing it first. */
const MAX_PEPPER_BYTES = 64;
/** Of a key that somebody chose; made ones are shorter. */
export const MAX_KEY_BYTES = 4_096;
const SECRET_BYTES = 32;
const SECRET_LENGTH = 43; // 62^43 > 2^256
const CHECKSUM_LENGTH = 6; // 62^6 > 2^32
const KEY = /^ts_live_[0-9a-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/;

export interface ApiKey {
  /** Eight characters that name the key; no secret. */
  readonly id: string;
  /** `ts_live_<id>_<256 bits in base 62>_<CRC-32 of all before, base 62>`. */
  readonly key: string;
}

export function makeApiKey(random: Random): ApiKey {
  const id = randomText(random, ID_ALPHABET, ID_LENGTH);
  const body = `${API_KEY_PREFIX}${id}_${makeSecret(random)}`;
  return { id, key: `${body}_${checksum(body)}` };
}

/** 256 random bits in base 62. */
export function makeSecret(random: Random): string {
  let value = 0n;
  for (const byte of random.bytes(SECRET_BYTES)) value = (value << 8n) | BigInt(byte);
  return base62(value, SECRET_LENGTH);
}

/** Form and checksum are right: finds typing errors and cut-off keys without asking anybody. Says nothing of validity. */
export function isApiKey(text: string): boolean {
  if (!KEY.test(text)) return false;
  const end = text.length - CHECKSUM_LENGTH;
  return checksum(text.slice(0, end - 1)) === text.slice(end);
}

/**
 * HMAC-SHA256 of keys under a ledger's pepper, hex. A key has 256 random bits, so a slow hash would add nothing; the
 * pepper makes a stolen table useless.
 */
export function apiKeyHasher(pepper: Uint8Array): (key: string) => string {
  if (pepper.length > MAX_PEPPER_BYTES)
    throw new RangeError(`A pepper has at most ${MAX_PEPPER_BYTES} bytes.`);
  return (key) => {
    if (Buffer.byteLength(key) > MAX_KEY_BYTES)
      throw new RangeError(`A key has at most ${MAX_KEY_BYTES} bytes.`);
    return hmacSha256Hex(pepper, key);
  };
}

/** Letters without bias: bytes beyond the greatest multiple of the alphabet's length are thrown away. */
function randomText(random: Random, alphabet: string, length: number): string {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      if (byte < limit && text.length < length) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM_LENGTH);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = BASE62.charAt(Number(rest % 62n)) + text;
  return text;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 (IEEE 802.3) of ASCII text. `zlib.crc32` would do, but this lib uses nothing but node:crypto. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
