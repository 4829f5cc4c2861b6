import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineServer } from '../engine-server';
import { mongodBinary } from './binary';
import { freePort, MongodNode, until } from './node';

const REPLICA_SET = 'rs0';
const START_DEADLINE_MS = 60_000;
/** Elections in seconds instead of tens of them; only a set of several holds any. */
const QUICK_ELECTIONS = { electionTimeoutMillis: 1_000, heartbeatIntervalMillis: 200 };

export interface MongoOptions {
  /** Of the first node; a free one where it is not given. */
  readonly port?: number;
  /** Parent of the nodes' directories; a temporary one where it is not given. */
  readonly directory?: string;
  readonly nodes?: 1 | 3;
}

/** A replica set; `kill` takes its primary, `restart` starts whatever does not run and waits for a primary. */
export class MongoSet implements EngineServer {
  readonly address: string;

  constructor(
    private readonly directory: string,
    readonly nodes: readonly MongodNode[],
  ) {
    this.address = `mongodb://${nodes.map(({ host }) => host).join(',')}/?replicaSet=${REPLICA_SET}`;
  }

  async initiate(): Promise<void> {
    const [first] = this.nodes;
    for (const node of this.nodes) node.start();
    await Promise.all(this.nodes.map((node) => node.answers(START_DEADLINE_MS)));
    const members = this.nodes.map(({ host }, _id) => ({ _id, host }));
    const settings = this.nodes.length > 1 ? { settings: QUICK_ELECTIONS } : {};
    await first?.command({ replSetInitiate: { _id: REPLICA_SET, members, ...settings } });
    await this.#writable();
  }

  async primary(): Promise<MongodNode> {
    let found: MongodNode | undefined;
    await until('the set has a primary', START_DEADLINE_MS, async () => {
      for (const node of this.nodes) {
        if (node.runs && (await node.isPrimary())) found = node;
      }
      return found !== undefined;
    });
    if (found === undefined) throw new Error('no primary');
    return found;
  }

  async kill(): Promise<void> {
    const [only] = this.nodes;
    await (this.nodes.length === 1 ? only : await this.primary())?.kill();
  }

  async restart(): Promise<void> {
    const down = this.nodes.filter(({ runs }) => !runs);
    for (const node of down) node.start();
    await Promise.all(down.map((node) => node.answers(START_DEADLINE_MS)));
    await this.#writable();
  }

  /** Nothing of it is kept, so it need not end in order. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A majority has confirmed a write. */
  async #writable(): Promise<void> {
    await until('the set takes a majority write', START_DEADLINE_MS, async () => {
      const primary = await this.primary();
      const note = {
        appendOplogNote: 1,
        data: { writable: 1 },
        writeConcern: { w: 'majority', wtimeout: 1_000 },
      };
      const written = await primary.command(note).catch(() => undefined);
      return written !== undefined && written['writeConcernError'] === undefined;
    });
  }
}

/** A real MongoDB replica set. `MONGOD_BIN` names another binary than the pinned one. */
export async function startMongoDB(options: MongoOptions = {}): Promise<MongoSet> {
  const set = await nodesOf(options, REPLICA_SET);
  try {
    await set.initiate();
    return set;
  } catch (error) {
    await set.stop();
    throw error;
  }
}

/** A mongod that belongs to no set: an engine must refuse it. */
export async function startStandaloneMongod(): Promise<EngineServer> {
  const set = await nodesOf({}, undefined);
  const [node] = set.nodes;
  if (node === undefined) throw new Error('a set without a node');
  const start = async (): Promise<void> => {
    node.start();
    await node.answers(START_DEADLINE_MS);
  };
  await start();
  return {
    address: `mongodb://${node.host}/`,
    kill: () => node.kill(),
    restart: start,
    stop: () => set.stop(),
  };
}

async function nodesOf(
  { port, directory, nodes = 1 }: MongoOptions,
  set: string | undefined,
): Promise<MongoSet> {
  const binary = await mongodBinary();
  const home = mkdtempSync(join(directory ?? tmpdir(), 'touchstone-mongodb-'));
  const made: MongodNode[] = [];
  for (let i = 0; i < nodes; i++) {
    const own = i === 0 && port !== undefined ? port : await freePort();
    made.push(new MongodNode(binary, join(home, `node-${i}`), own, set));
  }
  return new MongoSet(home, made);
}
