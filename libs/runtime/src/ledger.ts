import type { Clock, EventLog, Located, Random, Snapshots, StoredRecord, Vault } from '#libs/core';
import { customerOf } from '#libs/core';
import { COMMAND_NAMES } from '#libs/domain';
import type { LedgerCommand, Source } from '#libs/domain';
import type { Identifier } from '#libs/events';
import { idempotencyFingerprint, idempotencyKey, parseEnvelope } from '#libs/trust';
import { Keyring } from './keyring';
import type { JobResult } from './outbox';
import { ContentionError, OverloadedError, refused } from './outcome';
import type { CommandInput, Outcome, Receipt } from './outcome';
import { pooledRandom } from './pooled-random';
import { Resolver } from './resolve';
import type { Owners, Resolution } from './resolve';
import type { LedgerSecrets } from './secrets';
import { StreamHeads } from './stream-head';
import { StreamWriter } from './stream-writer';
import type { WriterKeeper, WriterPorts } from './stream-writer';

/** How often a command is decided anew because a stream or an identifier moved under it. */
const MAX_ATTEMPTS = 16;
/** Events that a command can need before its own: a registration, a linking. */
const MAX_PRELUDE = 2;

/** Commands under way at once: bounds what a client can make us hold. Bulk waits, single commands are turned away. */
export const MAX_UNDER_WAY = 20_000;

/** What was found out before a command's turn. */
interface Known {
  readonly located: Located | undefined;
  readonly owners: Owners;
}

const nothing = (): void => undefined;

export interface LedgerPorts {
  readonly log: EventLog;
  readonly vault: Vault;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  /** No other process writes this ledger. */
  readonly alone: boolean;
}

/**
 * The write side: takes commands, in the order given, and answers each when its events are durable. Exactly one event
 * stands in the ledger for an idempotency key, whatever is retried, raced or killed.
 */
export class Ledger {
  readonly keyring: Keyring;
  readonly heads: StreamHeads;
  readonly resolver: Resolver;
  readonly #ports: WriterPorts;
  readonly #writers = new Map<string, StreamWriter>();
  readonly #dirty = new Set<StreamWriter>();
  /** Keys of commands under way: a second one with the same key waits for the first's outcome. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  readonly #keeper: WriterKeeper = {
    schedule: (writer) => this.#schedule(writer),
    retire: ({ customerId }) => void this.#writers.delete(customerId),
  };
  #active = 0;

  constructor(
    private readonly ports: LedgerPorts,
    private readonly secrets: LedgerSecrets,
  ) {
    const { log, vault, snapshots, newId } = ports;
    const random = pooledRandom(ports.random);
    this.keyring = new Keyring(vault, secrets, random);
    this.heads = new StreamHeads(log, snapshots);
    this.resolver = new Resolver(vault, log, secrets.kBlind, newId, ports.alone);
    this.#ports = { ...ports, random, keyring: this.keyring, heads: this.heads, resolver: this.resolver };
  }

  /** Customers whose commands are under way. */
  get writers(): number {
    return this.#writers.size;
  }

  /** Throws `OverloadedError` where too many commands are under way already. */
  execute(input: CommandInput): Promise<Outcome> {
    if (this.#active >= MAX_UNDER_WAY)
      return Promise.reject(new OverloadedError('too many commands are under way'));
    return this.#executeKnowing(input, undefined, nothing);
  }

  /** Several commands at once: what they need to know is asked for together. Order per customer is kept. */
  async executeMany(inputs: readonly CommandInput[]): Promise<readonly Promise<Outcome>[]> {
    const keys = inputs.map((input) => this.#keyOf(input));
    const asked = keys.filter((key) => key !== undefined);
    const located = await this.ports.log.locate(asked);
    const found = new Map(asked.map((key, i) => [key, located[i]]));
    const owners = await this.resolver.lookUp(inputs.flatMap(({ command }) => identifiersOf(command)));
    const outcomes: Promise<Outcome>[] = [];
    for (const [i, input] of inputs.entries()) {
      const key = keys[i];
      const known = { located: key === undefined ? undefined : found.get(key), owners };
      // The next one waits until this one stands in its customer's queue: a registration before what follows it.
      await new Promise<void>((queued) => {
        const outcome = this.#executeKnowing(input, known, queued);
        outcome.then(
          () => queued(),
          () => queued(),
        );
        outcomes.push(outcome);
      });
    }
    return outcomes;
  }

  /** `queued` is called when nothing that comes later can overtake the command any more. */
  async #executeKnowing(input: CommandInput, known: Known | undefined, queued: () => void): Promise<Outcome> {
    const k = this.#keyOf(input);
    this.#active++;
    try {
      if (k === undefined) return await this.#attempt(input, undefined, known, queued);
      return await this.#exclusively(this.#turnOf(input, k), queued, (waited) =>
        this.#attempt(input, k, waited ? undefined : known, queued),
      );
    } finally {
      this.#active--;
    }
  }

  /** Runs one command of a key at a time. `waited`: another one went before, so what was known may have changed. */
  async #exclusively(
    k: string,
    queued: () => void,
    run: (waited: boolean) => Promise<Outcome>,
  ): Promise<Outcome> {
    let waited = false;
    for (let other = this.#underWay.get(k); other !== undefined; other = this.#underWay.get(k)) {
      waited = true;
      queued();
      await other;
    }
    const outcome = run(waited);
    this.#underWay.set(
      k,
      outcome.catch(() => undefined),
    );
    try {
      return await outcome;
    } finally {
      this.#underWay.delete(k);
    }
  }

  async #attempt(
    input: CommandInput,
    k: string | undefined,
    known: Known | undefined,
    queued: () => void,
  ): Promise<Outcome> {
    let lookedUp = known;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (k !== undefined) {
        const replay = await this.#replay(k, input, lookedUp);
        if (replay !== undefined) return replay;
      }
      const target = await this.#targetOf(input);
      const resolution = await this.#resolve(input.command, target, lookedUp?.owners);
      lookedUp = undefined;
      if ('outcome' in resolution) return resolution;
      const result =
        k === undefined && input.command.name === 'purchase'
          ? await this.#submitOrder(input, input.command.body.orderId, resolution, queued)
          : await this.#submit(input, resolution, k, target?.id, queued);
      if (result !== 'restart') return result;
    }
    throw new ContentionError('still contended after a bounded number of attempts');
  }

  /** A purchase without source or key: its order is its key, once the customer is known. */
  async #submitOrder(
    input: CommandInput,
    orderId: string,
    resolution: Resolution,
    queued: () => void,
  ): Promise<JobResult> {
    const { customerId } = resolution;
    const k = idempotencyKey(this.secrets.kIdem, 'purchase', { orderId, customerId });
    let restart = false;
    const outcome = await this.#exclusively(k, queued, async () => {
      const replay = await this.#replayOrSettle(k, input, resolution);
      const result = replay ?? (await this.#submit(input, resolution, k, undefined, queued));
      if (result !== 'restart') return result;
      restart = true;
      return refused('restart', '');
    });
    return restart ? 'restart' : outcome;
  }

  /** Identifiers that were claimed for a command are let go where it turns out to be answered already. */
  async #replayOrSettle(
    k: string,
    input: CommandInput,
    resolution: Resolution,
  ): Promise<Outcome | undefined> {
    let replay: Outcome | undefined;
    let submits = false;
    try {
      replay = await this.#replay(k, input, undefined);
      submits = replay === undefined;
    } finally {
      if (!submits) this.resolver.settle(resolution, []);
    }
    return replay;
  }

  #keyOf({ command, actor, idempotencyKey: header }: CommandInput): string | undefined {
    const source = sourceOf(command);
    if (source !== undefined) return idempotencyKey(this.secrets.kIdem, command.name, { source });
    if (header === undefined) return undefined;
    return idempotencyKey(this.secrets.kIdem, command.name, { principal: actor.id, key: header });
  }

  /** What one command at a time may have: its key, or the header that it came with, whatever the path. */
  #turnOf({ command, actor, idempotencyKey: header }: CommandInput, k: string): string {
    return header === undefined || sourceOf(command) !== undefined ? k : `${actor.id} ${header}`;
  }

  /** The keys that the same header makes on other paths: the record's formula has the command in it. */
  #keysElsewhere({ command, actor, idempotencyKey: header }: CommandInput): readonly string[] {
    if (header === undefined || sourceOf(command) !== undefined) return [];
    return COMMAND_NAMES.filter((name) => name !== command.name).map((name) =>
      idempotencyKey(this.secrets.kIdem, name, { principal: actor.id, key: header }),
    );
  }

  /** The first answer again, if this key is in the ledger; whatever the world looks like now. */
  async #replay(k: string, input: CommandInput, known?: Known): Promise<Outcome | undefined> {
    let located = known?.located;
    if (known === undefined) {
      const [own, ...elsewhere] = await this.ports.log.locate([k, ...this.#keysElsewhere(input)]);
      if (own === undefined && elsewhere.some((place) => place !== undefined)) {
        return refused('idempotency-key-reused', 'The key was used before, on another path.');
      }
      located = own;
    }
    if (located === undefined) return undefined;
    const customerId = customerOf(located.stream) ?? '';
    const keys = await this.keyring.get(customerId);
    if (keys === undefined) return refused('customer-erased', 'The customer is erased.');
    const from = Math.max(0, located.revision - MAX_PRELUDE);
    const records = await this.ports.log.readStream(located.stream, from, located.revision - from + 1);
    const own = records[records.length - 1];
    if (own === undefined) throw new Error('an indexed event is not in its stream');
    const f = idempotencyFingerprint(keys.kF, input.command.name, k, input.body);
    if (parseEnvelope(own.env).idem?.f !== f) {
      return refused('idempotency-key-reused', 'The key was used before, with another body.');
    }
    const events = records
      .filter((record) => record === own || parseEnvelope(record.env).cause === own.id)
      .map((record) => receiptOf(record, customerId));
    const receipt = receiptOf(own, customerId);
    return { outcome: 'accepted', replayed: true, receipt, events };
  }

  /** The touchpoint that a command names, by event id or by source. */
  async #targetOf({
    command,
    targetSource,
  }: CommandInput): Promise<{ id: string; customerId: string } | undefined> {
    if (!('eventId' in command.body)) return undefined;
    let reference: string = command.body.eventId;
    if (targetSource !== undefined) {
      reference = idempotencyKey(this.secrets.kIdem, 'touchpoint', { source: targetSource });
      await this.#underWay.get(reference);
    }
    const [located] = await this.ports.log.locate([reference]);
    const customerId = located === undefined ? undefined : customerOf(located.stream);
    if (located === undefined || customerId === undefined) return undefined;
    if (targetSource === undefined) return { id: reference, customerId };
    const [record] = await this.ports.log.readStream(located.stream, located.revision, 1);
    return record === undefined ? undefined : { id: record.id, customerId };
  }

  async #resolve(
    command: LedgerCommand,
    target: { customerId: string } | undefined,
    owners: Owners | undefined,
  ): Promise<Resolution | Outcome> {
    switch (command.name) {
      case 'customer':
        return this.resolver.claimFree(command.body.identifiers);
      case 'link':
        return this.resolver.claimFree([command.body], command.body.customerId);
      case 'unlink':
        return this.resolver.forUnlink(command.body, command.body.customerId);
      case 'profile':
        return { customerId: command.body.customerId, by: 'id', link: [] };
      case 'touchpoint-status':
      case 'touchpoint-correction':
      case 'touchpoint-redaction':
      case 'touchpoint-annotation':
        if (target === undefined) return refused('touchpoint-not-found', 'There is no such touchpoint.');
        return { customerId: target.customerId, by: 'id', link: [] };
      default: {
        const { customer } = command.body;
        if ('id' in customer) return { customerId: customer.id, by: 'id', link: [] };
        return this.resolver.byIdentifiers(customer.identifiers, owners);
      }
    }
  }

  #submit(
    input: CommandInput,
    resolution: Resolution,
    k: string | undefined,
    targetId: string | undefined,
    queued: () => void,
  ): Promise<JobResult> {
    let writer = this.#writers.get(resolution.customerId);
    if (writer === undefined) {
      writer = new StreamWriter(resolution.customerId, this.#ports, this.#keeper);
      this.#writers.set(resolution.customerId, writer);
    }
    const owner = writer;
    const result = new Promise<JobResult>((done, failed) => {
      owner.submit({ input, resolution, k, targetId, done, failed });
    });
    queued();
    return result;
  }

  /** One flush a turn of the event loop: what a turn decided for one customer travels together. */
  #schedule(writer: StreamWriter): void {
    if (this.#dirty.size === 0) setImmediate(() => this.#flush());
    this.#dirty.add(writer);
  }

  #flush(): void {
    const writers = [...this.#dirty];
    this.#dirty.clear();
    for (const writer of writers) writer.flush();
  }
}

function identifiersOf({ body }: LedgerCommand): readonly Identifier[] {
  if ('customer' in body && 'identifiers' in body.customer) return body.customer.identifiers;
  return 'identifiers' in body ? body.identifiers : [];
}

function sourceOf({ body }: LedgerCommand): Source | undefined {
  return 'source' in body ? body.source : undefined;
}

function receiptOf(record: StoredRecord, customerId: string): Receipt {
  const { id: eventId, rev: revision, position, leafHash } = record;
  return { eventId, customerId, revision, position, leafHash, recordedAt: parseEnvelope(record.env).at };
}
