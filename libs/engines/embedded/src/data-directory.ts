import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { codeOf } from '#libs/core';
import { Sqlite } from './sqlite';
import { FILES } from './storage-service';

/** The data directory can't be used as it is; the message says why and what to do, in one line. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

const ROOT_KEY_BYTES = 32;
const ROOT_KEY_LINE = /^touchstone-root-key-v1:([A-Za-z0-9+/]{43}=)\s*$/;
const LOCK_FILE = 'lock.db';
const LOCK_FORMAT = { applicationId: 0x54534c4b, version: 1, schema: '' } as const; // "TSLK"
const LOCK_WAIT_MS = 0;

/** Held for the life of the process; the operating system lets go of it however the process ends. */
export interface DirectoryLock {
  release(): void;
}

/** One process at a time: two writers would each believe to know the heads. */
export function lockDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  let db: Sqlite | undefined;
  try {
    db = new Sqlite(join(directory, LOCK_FILE), { format: LOCK_FORMAT, busyTimeoutMs: LOCK_WAIT_MS });
    db.exec('BEGIN IMMEDIATE');
  } catch (error) {
    db?.close();
    if (!codeOf(error).startsWith('SQLITE_BUSY')) throw error;
    throw new DataDirectoryError(
      `${directory} is in use by another Touchstone process; stop it, or use its address`,
    );
  }
  const held = db;
  return {
    release: () => {
      held.exec('ROLLBACK');
      held.close();
    },
  };
}

/** A vault without its log: somebody lost the ledger, and an empty one in its place would look like the truth. */
export function refuseLostLog(directory: string): void {
  if (!existsSync(join(directory, FILES.vault)) || existsSync(join(directory, FILES.log))) return;
  throw new DataDirectoryError(
    `${directory} has ${FILES.vault} but no ${FILES.log}: restore the log, or move the rest away`,
  );
}

/** True where no ledger has been made in this directory yet. */
export function isEmptyLedger(directory: string): boolean {
  if (!existsSync(directory)) return true;
  const ours = Object.values(FILES);
  return !readdirSync(directory).some((name) => ours.some((file) => name === file));
}

/**
 * The root key beside the data directory. It is made together with the first, empty directory and never again: over
 * existing data a missing key is a refusal, because a new one could open nothing.
 */
export function rootKey(file: string, directory: string, { mayCreate }: { mayCreate: boolean }): Buffer {
  if (`${resolve(file)}${sep}`.startsWith(`${resolve(directory)}${sep}`)) {
    throw new DataDirectoryError(
      'the root key file must not lie inside the data directory: a copy of one would be a copy of both',
    );
  }
  if (!existsSync(file)) {
    if (mayCreate && isEmptyLedger(directory)) return createRootKey(file);
    throw new DataDirectoryError(
      `root key file ${file} is missing; without it the data in ${directory} can't be opened`,
    );
  }
  const match = ROOT_KEY_LINE.exec(readFileSync(file, 'utf8'));
  if (match?.[1] === undefined) throw new DataDirectoryError(`${file} is not a Touchstone root key file`);
  return Buffer.from(match[1], 'base64');
}

/** Makes the root key of a new ledger; throws where the file is there already. */
export function createRootKey(file: string): Buffer {
  mkdirSync(dirname(resolve(file)), { recursive: true });
  const key = randomBytes(ROOT_KEY_BYTES);
  const descriptor = openSync(file, 'wx', 0o600);
  writeSync(descriptor, `touchstone-root-key-v1:${key.toString('base64')}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
  const parent = openSync(dirname(resolve(file)), 'r');
  fsyncSync(parent);
  closeSync(parent);
  return key;
}
