import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '#libs/core';
import { engineVersions } from '#libs/engines/embedded';
import { callObject, textOf } from './api';
import { liveServer } from './connect';
import { EXIT_NOT_ALL_WELL, EXIT_OK } from './verb';
import type { Verb } from './verb';

const MIN_NODE = [20, 19] as const;
const RECOMMENDED_NODE = 24;
/** Below this much free space the disk is about to be full. */
const LOW_DISK_BYTES = 2 * 1024 ** 3;
const GROUP_AND_OTHERS = 0o077;
/** A file that was written later than now by more than this was written under another clock. */
const CLOCK_SLACK_MS = 5_000;
const LEDGER_FILES = ['log.db', 'vault.db', 'snapshots.db'];

const usage = `touchstone doctor [--json]

Looks at Node, configuration, data directory, root key, disk and the running server, one line each, and says what to do.
Starts nothing and changes nothing. Exit code: 0 unless a line says fail.
`;

type Verdict = 'ok' | 'warn' | 'fail';
interface Finding {
  readonly what: string;
  readonly verdict: Verdict;
  readonly says: string;
}

export const doctorVerb: Verb = {
  name: 'doctor',
  summary: 'configuration, engines, versions, disk, keys',
  usage,
  async run(args, context) {
    const { values } = parseArgs({ args, options: { json: { type: 'boolean', default: false } } });
    const directory = resolve(context.dataDirectory);
    const findings = [
      node(),
      engineVersion(),
      environment(),
      ...dataDirectory(directory),
      rootKey(directory),
      clock(directory),
      disk(directory),
      await server(directory),
    ];
    for (const finding of findings) {
      const { what, verdict, says } = finding;
      const line = `${verdict.padEnd(5)} ${what.padEnd(15)} ${says}\n`;
      context.stdout.write(context.json || values.json ? `${JSON.stringify(finding)}\n` : line);
    }
    return findings.some(({ verdict }) => verdict === 'fail') ? EXIT_NOT_ALL_WELL : EXIT_OK;
  },
};

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const old = major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1]);
  if (old)
    return {
      what: 'node',
      verdict: 'fail',
      says: `${process.version}; at least ${MIN_NODE.join('.')} is needed`,
    };
  const verdict = major < RECOMMENDED_NODE ? 'warn' : 'ok';
  const advice = verdict === 'warn' ? `; it works, ${RECOMMENDED_NODE} is recommended` : '';
  return { what: 'node', verdict, says: process.version + advice };
}

function engineVersion(): Finding {
  const what = 'engines';
  try {
    const versions = Object.entries(engineVersions());
    return { what, verdict: 'ok', says: versions.map(([name, version]) => `${name} ${version}`).join(', ') };
  } catch (error) {
    const reason = messageOf(error);
    return { what, verdict: 'fail', says: `the SQLite driver does not load: ${reason}; run npm ci` };
  }
}

/** Names only: the server itself checks values when it starts, and one of them is a key. */
function environment(): Finding {
  const known = ['DATA', 'HOST', 'ROOT_KEY_FILE', 'ADMIN_KEY', 'LOG_LEVEL'].map(
    (name) => `TOUCHSTONE_${name}`,
  );
  const engines = ['EVENTSTORE_URL', 'KAFKA_BROKERS', 'MONGODB_URL'].map((name) => `TOUCHSTONE_${name}`);
  const given = Object.keys(process.env).filter((name) => name.startsWith('TOUCHSTONE_'));
  const unknown = given.filter((name) => !known.includes(name) && !engines.includes(name));
  const addresses = given.filter((name) => engines.includes(name));
  if (unknown.length > 0)
    return { what: 'environment', verdict: 'fail', says: `unknown: ${unknown.join(', ')}` };
  if (addresses.length > 0) {
    return { what: 'environment', verdict: 'fail', says: `standalone refuses ${addresses.join(', ')}` };
  }
  return { what: 'environment', verdict: 'ok', says: given.length === 0 ? 'defaults' : given.join(', ') };
}

function dataDirectory(directory: string): Finding[] {
  const what = 'data directory';
  if (!existsSync(directory))
    return [{ what, verdict: 'ok', says: `${directory} is not there yet; a start makes it` }];
  const mode = statSync(directory).mode;
  const open = (mode & GROUP_AND_OTHERS) !== 0;
  const sizes = LEDGER_FILES.filter((file) => existsSync(join(directory, file))).map((file) => {
    return `${file} ${(statSync(join(directory, file)).size / 1024 ** 2).toFixed(1)} MiB`;
  });
  const says = sizes.length === 0 ? `${directory} holds no ledger yet` : `${directory}: ${sizes.join(', ')}`;
  return [
    { what, verdict: 'ok', says },
    ownership(directory),
    open
      ? { what: 'permissions', verdict: 'warn', says: `others may look into ${directory}; chmod 700 it` }
      : { what: 'permissions', verdict: 'ok', says: 'only the owner may look in' },
  ];
}

function ownership(directory: string): Finding {
  const what = 'owner';
  const { uid } = statSync(directory);
  const me = process.getuid?.() ?? uid;
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return {
      what,
      verdict: 'fail',
      says: `user ${me} may not write ${directory}, which belongs to user ${uid}`,
    };
  }
  return uid === me
    ? { what, verdict: 'ok', says: 'this user, who may write' }
    : {
        what,
        verdict: 'warn',
        says: `user ${uid}; a server of user ${me} would leave files that it can't open`,
      };
}

/** Instants in the ledger never step back: a clock that was ahead for an hour stops time for an hour. */
function clock(directory: string): Finding {
  const what = 'clock';
  const now = Date.now();
  const newest = LEDGER_FILES.map((file) => join(directory, file))
    .filter((file) => existsSync(file))
    .reduce((latest, file) => Math.max(latest, statSync(file).mtimeMs), 0);
  const aheadMs = newest - now;
  return aheadMs > CLOCK_SLACK_MS
    ? {
        what,
        verdict: 'fail',
        says: `${Math.round(aheadMs / 1000)} s behind what wrote the ledger last; set it`,
      }
    : { what, verdict: 'ok', says: `${new Date(now).toISOString()}, not behind the ledger` };
}

function rootKey(directory: string): Finding {
  const what = 'root key';
  const file = resolve(process.env['TOUCHSTONE_ROOT_KEY_FILE'] || `${directory}.key`);
  if (`${file}${sep}`.startsWith(`${directory}${sep}`)) {
    return { what, verdict: 'fail', says: `${file} lies inside the data directory; move it out` };
  }
  const ledger = existsSync(join(directory, 'vault.db'));
  if (!existsSync(file)) {
    return ledger
      ? {
          what,
          verdict: 'fail',
          says: `${file} is missing; without it nothing here can be opened: restore it`,
        }
      : { what, verdict: 'ok', says: `${file} is made with the ledger` };
  }
  if (!readFileSync(file, 'utf8').startsWith('touchstone-root-key-v1:')) {
    return { what, verdict: 'fail', says: `${file} is no root key` };
  }
  return (statSync(file).mode & GROUP_AND_OTHERS) !== 0
    ? { what, verdict: 'warn', says: `others may read ${file}; chmod 600 it` }
    : { what, verdict: 'ok', says: `${file}; keep a copy where no copy of the data is` };
}

function disk(directory: string): Finding {
  let place = directory;
  while (!existsSync(place)) place = resolve(place, '..');
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const says = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  return { what: 'disk', verdict: free < LOW_DISK_BYTES ? 'warn' : 'ok', says };
}

async function server(directory: string): Promise<Finding> {
  const what = 'server';
  const live = await liveServer(directory);
  if (live === undefined) {
    const left = existsSync(join(directory, 'server.json'));
    return {
      what,
      verdict: 'ok',
      says: left ? 'not running; server.json is left of one that was killed' : 'not running',
    };
  }
  try {
    const ready = await callObject({ ...live, close: () => Promise.resolve() }, 'GET', '/health/ready');
    return {
      what,
      verdict: ready['status'] === 'ready' ? 'ok' : 'fail',
      says: `${live.url} is ${textOf(ready['status'])}`,
    };
  } catch {
    return { what, verdict: 'fail', says: `${live.url} is not ready; its log says why` };
  }
}
