import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { uuidV7 } from '#libs/core';
import type { Clock, EventLog, Projection, Random, Vault } from '#libs/core';
import type { LedgerCommand } from '#libs/domain';
import type { SeenEvent } from '#libs/events';
import { EmbeddedDocumentStore, EmbeddedEventFeed, FILES } from '#libs/engines/embedded';
import type { EmbeddedEngines } from '#libs/engines/embedded';
import { projections } from '#libs/projections';
import {
  createSecrets,
  fixedSet,
  History,
  Keyring,
  Ledger,
  ModelWriter,
  openSecrets,
  Projector,
  StreamHeads,
  verifyLedger,
} from '#libs/runtime';
import type { CommandInput, LedgerReport, LedgerSecrets, Models, Outcome } from '#libs/runtime';
import { EmbeddedDirectory } from './embedded-directory';

/** A clock that stands until it is told otherwise. */
export class FixedClock implements Clock {
  constructor(public ms = Date.parse('2026-02-03T04:05:06.789Z')) {}

  nowMs(): number {
    return this.ms;
  }

  set(instant: string): void {
    this.ms = Date.parse(instant);
  }
}

/** Bytes that look random and are the same in every run. */
export function seededRandom(seed: string): Random {
  let block = 0;
  return {
    bytes(length) {
      const chunks: Buffer[] = [];
      for (let bytes = 0; bytes < length; bytes += 32) {
        chunks.push(createHash('sha256').update(`${seed} ${block++}`).digest());
      }
      return new Uint8Array(Buffer.concat(chunks).subarray(0, length));
    },
  };
}

/** What a test puts between a ledger and its engines: a fault, say. */
export interface Between {
  readonly log?: (log: EventLog) => EventLog;
  readonly vault?: (vault: Vault) => Vault;
  /** The ledger remembers what no other process can change; not where this is missing. */
  readonly alone?: boolean;
}

const ROOT_KEY = new Uint8Array(32).fill(7);
const ACTOR = { kind: 'service', id: 'svc_test' } as const;

/** A ledger on embedded engines in a temporary directory, with a fixed clock and seeded ids. */
export class TestLedger {
  readonly clock = new FixedClock();
  #openings = 0;
  readonly #stores: EmbeddedDocumentStore[] = [];
  ledger: Ledger;

  private constructor(
    readonly directory: EmbeddedDirectory,
    public engines: EmbeddedEngines,
    readonly secrets: LedgerSecrets,
  ) {
    this.ledger = this.another();
  }

  static async open(): Promise<TestLedger> {
    const directory = new EmbeddedDirectory();
    const engines = await directory.open();
    await createSecrets(
      engines.vault,
      ROOT_KEY,
      seededRandom('root'),
      '01930000-0000-7000-8000-0000000000ff',
      '2026-02',
    );
    const secrets = await openSecrets(engines.vault, ROOT_KEY);
    await engines.claim(secrets.ledgerId);
    return new TestLedger(directory, engines, secrets);
  }

  get log(): EventLog {
    return this.engines.log;
  }

  /** A second ledger over the same engines, as another process would have it. */
  another(between: Between = {}): Ledger {
    const random = seededRandom(`ledger ${this.#openings++}`);
    const { clock } = this;
    const { snapshots } = this.engines;
    const log = between.log?.(this.engines.log) ?? this.engines.log;
    const vault = between.vault?.(this.engines.vault) ?? this.engines.vault;
    const { alone = false } = between;
    return new Ledger(
      { log, vault, snapshots, clock, random, newId: uuidV7(clock, random), alone },
      this.secrets,
    );
  }

  /** Everything anew over what is on the disk. */
  async restart(): Promise<void> {
    this.closeStores();
    this.engines = await this.directory.reopen();
    this.ledger = this.another();
  }

  closeStores(): void {
    for (const store of this.#stores.splice(0)) store.close();
  }

  async dispose(): Promise<void> {
    this.closeStores();
    await this.directory.dispose();
  }

  /** Reads history as a process of its own would. */
  history(): History {
    return new History(this.log, this.keyring(), new StreamHeads(this.log, this.engines.snapshots));
  }

  keyring(): Keyring {
    return new Keyring(this.engines.vault, this.secrets, seededRandom('keyring'));
  }

  store(): EmbeddedDocumentStore {
    const store = new EmbeddedDocumentStore({ directory: join(this.directory.path, FILES.documents) });
    this.#stores.push(store);
    return store;
  }

  projector(
    store: EmbeddedDocumentStore,
    onFault: (fault: Error) => void,
    plain: readonly Projection<SeenEvent>[] = projections,
  ): Projector {
    const ports = { log: this.log, feed: this.feed(), store, keyring: this.keyring() };
    return new Projector({ ...ports, projections: fixedSet(plain) }, onFault);
  }

  /** Appends to the stream of models as a process of its own would. */
  modelWriter(models: Models, { log, vault }: Between = {}): ModelWriter {
    const random = seededRandom(`models ${this.#openings++}`);
    return new ModelWriter({
      log: log?.(this.log) ?? this.log,
      vault: vault?.(this.engines.vault) ?? this.engines.vault,
      keyring: this.keyring(),
      models,
      clock: this.clock,
      random,
      newId: uuidV7(this.clock, random),
      kIdem: this.secrets.kIdem,
    });
  }

  feed(): EmbeddedEventFeed {
    return new EmbeddedEventFeed(this.log, this.secrets.ledgerId);
  }

  verify(): Promise<LedgerReport> {
    return verifyLedger(this.log, this.keyring(), () => undefined);
  }
}

/** A command as a request would bring it: the body is what the fingerprint is made of. */
export function inputOf(command: LedgerCommand, more: Partial<CommandInput> = {}): CommandInput {
  return { command, actor: ACTOR, body: command.body, ...more };
}

export type Accepted = Extract<Outcome, { outcome: 'accepted' }>;

/** The outcome of a command that must be accepted. */
export async function accepted(outcome: Promise<Outcome>): Promise<Accepted> {
  const result = await outcome;
  if (result.outcome === 'accepted') return result;
  throw new Error(`refused: ${result.refusal.code}: ${result.refusal.detail}`);
}

/** The code with which a command is refused; `accepted` where it is not. */
export async function codeOf(outcome: Promise<Outcome>): Promise<string> {
  const result = await outcome;
  return result.outcome === 'refused' ? result.refusal.code : 'accepted';
}
