import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CACHE_DIRECTORY } from '../engine-server';

const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const FETCH_TIMEOUT_MS = 300_000;

/**
 * Directory of a broker's jars: `KAFKA_LIB`, or `KAFKA_HOME` as its download unpacks, or those that `pom.xml` pins, which
 * Maven fetches once a machine. What was fetched is used only when every jar has the hash that `jars.sha256` gives.
 */
export async function kafkaJars(): Promise<string> {
  const { KAFKA_LIB, KAFKA_HOME } = process.env;
  if (KAFKA_LIB !== undefined) return KAFKA_LIB;
  if (KAFKA_HOME !== undefined) return join(KAFKA_HOME, 'libs');
  const pinned = readFileSync(join(__dirname, 'jars.sha256'), 'utf8');
  // Named after the list: another list is another directory.
  const directory = join(CACHE_DIRECTORY, 'kafka', sha256(pinned).slice(0, 16));
  if (existsSync(directory)) return directory;
  mkdirSync(join(CACHE_DIRECTORY, 'kafka'), { recursive: true });
  const fetched = mkdtempSync(join(CACHE_DIRECTORY, 'kafka', 'fetching-'));
  try {
    await fetch(fetched);
    const found = readdirSync(fetched).filter((name) => name.endsWith('.jar'));
    const lines = found.toSorted().map((name) => `${sha256(readFileSync(join(fetched, name)))}  ${name}\n`);
    if (lines.join('') !== pinned)
      throw new Error('The jars that Maven fetched are not those of jars.sha256');
    renameSync(fetched, directory);
  } catch (error) {
    // Another run may have been quicker; its directory was verified as well.
    if (!existsSync(directory)) throw error;
  } finally {
    rmSync(fetched, { recursive: true, force: true });
  }
  return directory;
}

async function fetch(into: string): Promise<void> {
  const goals = [COPY_DEPENDENCIES, `-DoutputDirectory=${into}`, '-DincludeScope=runtime'];
  await promisify(execFile)('mvn', ['-q', '-B', '-f', join(__dirname, 'pom.xml'), ...goals], {
    timeout: FETCH_TIMEOUT_MS,
  });
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
