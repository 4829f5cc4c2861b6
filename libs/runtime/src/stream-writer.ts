import { customerStream, instantOf, isRefused } from '#libs/core';
import type {
  AppendRecord,
  AppendResult,
  Clock,
  EventLog,
  IdentifierEntry,
  Random,
  Vault,
  VaultWrite,
} from '#libs/core';
import { decideCommand, evolveStream, targetOf } from '#libs/domain';
import type { Target } from '#libs/domain';
import { parseEvent } from '#libs/events';
import type { LedgerEvent, Purpose } from '#libs/events';
import { idempotencyFingerprint, parseEnvelope } from '#libs/trust';
import type { CustomerKeys, Keyring } from './keyring';
import { refused } from './outcome';
import { sizeOf, takeBatch } from './outbox';
import type { Job, JobResult, Prepared } from './outbox';
import type { CommandInput, Receipt } from './outcome';
import type { Resolution, Resolver } from './resolve';
import { sealEvent } from './seal-event';
import { EMPTY_HEAD } from './stream-head';
import type { Head, StreamHeads } from './stream-head';

export interface WriterPorts {
  readonly log: EventLog;
  readonly vault: Vault;
  readonly keyring: Keyring;
  readonly heads: StreamHeads;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  /** No other process writes this ledger. */
  readonly alone: boolean;
}

/** What a writer asks of whoever keeps it. */
export interface WriterKeeper {
  /** There is something to send, at the end of this turn. */
  schedule(writer: StreamWriter): void;
  /** There is nothing left to do: the writer may be let go. */
  retire(writer: StreamWriter): void;
}

/**
 * Owns the revisions of one customer's stream while commands are under way: decides on the pending head, seals, chains,
 * and sends what is pending together. A failed batch drops the pending head; its commands are decided again.
 */
export class StreamWriter {
  readonly #stream: string;
  readonly #jobs: Job[] = [];
  #outbox: Prepared[] = [];
  #head: Head | undefined;
  #keys: CustomerKeys | undefined;
  #running = false;
  #inFlight = 0;
  /** Grows with every failure: what was prepared on a dropped head is not sent any more. */
  #generation = 0;
  #gate: Promise<void> | undefined;
  #drained: (() => void)[] = [];

  constructor(
    readonly customerId: string,
    private readonly ports: WriterPorts,
    private readonly keeper: WriterKeeper,
  ) {
    this.#stream = customerStream(customerId);
  }

  get #idle(): boolean {
    return !this.#running && this.#jobs.length === 0 && this.#outbox.length === 0 && this.#inFlight === 0;
  }

  submit(job: Job): void {
    this.#jobs.push(job);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      try {
        // Awaited only where something is missing: commands to a warm stream are decided within one turn.
        if (job.resolution.fresh === true) this.#head ??= EMPTY_HEAD;
        else if (this.#head === undefined || this.#keys === undefined) await this.#load();
        const target = job.targetId === undefined ? undefined : await this.#target(job.targetId);
        const result = this.#prepare(job, target);
        if (result !== undefined) await this.#answer(job, result);
      } catch (error) {
        this.ports.resolver.settle(job.resolution, []);
        job.failed(error);
      }
    }
    this.#running = false;
    this.#settleDrained();
  }

  async #load(): Promise<void> {
    const { heads, keyring } = this.ports;
    this.#head ??= await heads.load(this.#stream);
    this.#keys ??= await keyring.get(this.customerId);
  }

  /** A refusal is answered when what it was decided on is durable, and still the last that there is. */
  async #answer(job: Job, result: JobResult): Promise<void> {
    const generation = this.#generation;
    await this.#drain();
    const stands = generation === this.#generation && (this.ports.alone || (await this.#isLast()));
    this.ports.resolver.settle(job.resolution, []);
    job.done(stands ? result : 'restart');
  }

  /** Nothing is appended for a refusal, so only a look at the log tells that another process has written meanwhile. */
  async #isLast(): Promise<boolean> {
    const decidedOn = this.#head?.revision;
    const { revision } = await this.ports.heads.refresh(this.#stream);
    if (revision === decidedOn) return true;
    this.#head = undefined;
    this.#keys = undefined;
    return false;
  }

  #drain(): Promise<void> | void {
    if (this.#outbox.length === 0 && this.#inFlight === 0) return;
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  async #target(
    eventId: string,
  ): Promise<{ readonly target: Target; readonly purpose: Purpose } | undefined> {
    await this.#drain();
    if (this.#head === undefined) await this.#load();
    const { log } = this.ports;
    const [located] = await log.locate([eventId]);
    if (located?.stream !== this.#stream) return undefined;
    const [record] = await log.readStream(this.#stream, located.revision, 1);
    const [state] = located.state === undefined ? [] : await log.readStream(this.#stream, located.state, 1);
    if (record === undefined) return undefined;
    const env = parseEnvelope(record.env);
    const correction = state === undefined ? undefined : parseEnvelope(state.env);
    const target = targetOf(
      eventId,
      env.at,
      parseEvent(env.type, env.data),
      correction === undefined ? undefined : parseEvent(correction.type, correction.data),
    );
    return target === undefined ? undefined : { target, purpose: env.purpose };
  }

  /** Decides one command and puts its events into the outbox; returns a result where there is nothing to append. */
  #prepare(job: Job, named: { target: Target; purpose: Purpose } | undefined): JobResult | undefined {
    const { input, resolution } = job;
    const head = this.#head;
    if (head === undefined) return 'restart';
    const { command, ifMatch } = input;
    const registering = command.name === 'customer';
    if (head.revision === -1 && !registering && resolution.link.length === 0) {
      if (resolution.by === 'identifiers') return 'restart';
      return refused('customer-not-found', 'There is no such customer.');
    }
    if (head.revision >= 0 && registering) {
      const { customerId } = this;
      return refused('identifier-taken', 'An identifier is already linked.', { customerId });
    }
    if (head.revision === -1 && resolution.by === 'identifiers')
      this.#keys ??= this.ports.keyring.create(this.customerId);
    const keys = this.#keys;
    if (keys === undefined) {
      return head.revision === -1
        ? refused('customer-not-found', 'There is no such customer.')
        : refused('customer-erased', 'The customer is erased.');
    }
    if (ifMatch !== undefined && ifMatch !== head.revision) {
      return refused('revision-mismatch', `The stream stands at revision ${head.revision}.`, {
        revision: head.revision,
      });
    }
    const now = instantOf(this.ports.clock.nowMs());
    const prelude =
      command.name === 'link' ? undefined : preludeOf(resolution, head.revision === -1 && !registering);
    const state = prelude === undefined ? head.state : evolveStream(head.state, prelude);
    const decision = decideCommand(command, state, now, named?.target);
    if (isRefused(decision)) return { outcome: 'refused', refusal: decision.refused };
    const events = prelude === undefined || registering ? decision : [prelude, ...decision];
    const prepared = this.#seal(job, events, keys, head, purposeOf(job, named?.purpose));
    this.#head = prepared.headAfter;
    this.#outbox.push(prepared);
    this.keeper.schedule(this);
    return undefined;
  }

  #seal(
    job: Job,
    events: readonly LedgerEvent[],
    keys: CustomerKeys,
    head: Head,
    purpose: Purpose,
  ): Prepared {
    const { clock, newId, random } = this.ports;
    const { input, k, resolution } = job;
    const nowAt = instantOf(clock.nowMs());
    const at = nowAt > head.at ? nowAt : head.at;
    const ids = events.map(() => newId());
    const ownId = ids[ids.length - 1] ?? newId();
    const records: AppendRecord[] = [];
    let after = head;
    let bytes = 0;
    for (const [i, event] of events.entries()) {
      const id = ids[i] ?? ownId;
      const own = id === ownId;
      const record = sealEvent(
        event,
        {
          id,
          stream: this.#stream,
          rev: after.revision + 1,
          at,
          actor: input.actor,
          purpose,
          idem: own && k !== undefined ? { k, f: fingerprint(input, k, keys) } : undefined,
          cause: own ? undefined : ownId,
          previous: after.leafHash,
        },
        keys,
        random,
      );
      records.push(record);
      bytes += sizeOf(record);
      after = {
        revision: record.rev,
        leafHash: record.leafHash,
        at,
        state: evolveStream(after.state, event),
      };
    }
    const { customerId } = this;
    const receipts = records.map(({ id: eventId, rev: revision, leafHash }) => {
      return { eventId, customerId, revision, leafHash, recordedAt: at };
    });
    const linkedBy = ids[0] ?? ownId;
    const entries: IdentifierEntry[] = resolution.link.map(({ index }) => ({ index, customerId, linkedBy }));
    if (resolution.unlink !== undefined) entries.push({ ...resolution.unlink, unlinkedBy: ownId });
    return { job, records, receipts, entries, bytes, headAfter: after };
  }

  /** Sends what is pending: the vault first, where keys or identifiers are new, then the log. */
  flush(): void {
    while (this.#outbox.length > 0) {
      const batch = takeBatch(this.#outbox);
      this.#outbox = this.#outbox.slice(batch.length);
      this.#inFlight++;
      const generation = this.#generation;
      const entries = batch.flatMap((prepared) => prepared.entries);
      const row = this.#keys?.unsaved === true ? this.#keys.toRow() : undefined;
      if (row !== undefined && this.#keys !== undefined) this.#keys.unsaved = false;
      if (row === undefined && entries.length === 0 && this.#gate === undefined) {
        void this.#send(batch, generation);
        continue;
      }
      this.#sendAfterVault(batch, generation, { ...(row === undefined ? {} : { row }), entries });
    }
  }

  /** Keys and entries are durable before the events that need them; later batches of the stream wait in line. */
  #sendAfterVault(batch: readonly Prepared[], generation: number, change: VaultWrite): void {
    const nothing = change.row === undefined && change.entries?.length === 0;
    const gate = (this.#gate ?? Promise.resolve())
      .then(() => (nothing ? undefined : this.ports.vault.write(change)))
      .then((result) => {
        if (result === undefined || result.outcome === 'written') {
          // Not awaited: appends are pipelined, the log takes them in this order.
          void this.#send(batch, generation);
          return;
        }
        if (result.outcome === 'taken') this.ports.resolver.forget([result.entry.index]);
        this.#fail(batch, generation, 'restart');
      })
      .catch((error: unknown) => this.#fail(batch, generation, 'failed', error))
      .finally(() => {
        if (this.#gate === gate) this.#gate = undefined;
      });
    this.#gate = gate;
  }

  async #send(batch: readonly Prepared[], generation: number): Promise<void> {
    const first = batch[0]?.records[0];
    if (first === undefined) return;
    if (generation !== this.#generation) return this.#fail(batch, generation, 'restart');
    const records = batch.flatMap((prepared) => prepared.records);
    let result: AppendResult;
    try {
      result = await this.ports.log.append({
        stream: this.#stream,
        expectedRevision: first.rev - 1,
        records,
      });
    } catch (error) {
      this.#fail(batch, generation, 'failed', error);
      return;
    }
    if (result.outcome === 'appended') await this.#appended(batch, result.positions);
    else this.#fail(batch, generation, 'restart');
  }

  /** The events are in the log: whatever else fails now, their commands are accepted. */
  async #appended(batch: readonly Prepared[], positions: readonly number[]): Promise<void> {
    const { heads, resolver, vault } = this.ports;
    const last = batch[batch.length - 1];
    if (last !== undefined) await heads.advance(this.#stream, last.headAfter);
    let next = 0;
    for (const { job, receipts, entries } of batch) {
      const events = receipts.map(({ eventId, customerId, revision, leafHash, recordedAt }): Receipt => {
        // In this order: a repeated command gets the same bytes again.
        return { eventId, customerId, revision, position: positions[next++] ?? 0, leafHash, recordedAt };
      });
      const receipt = events[events.length - 1];
      const { unlink } = job.resolution;
      // Its event is in the log: whoever looks the identifier up next frees the entry, where this did not.
      if (unlink !== undefined) await vault.free(unlink).catch(() => undefined);
      resolver.settle(job.resolution, unlink === undefined ? entries : [], unlink);
      if (receipt !== undefined) job.done({ outcome: 'accepted', replayed: false, receipt, events });
    }
    this.#inFlight--;
    this.#settleDrained();
  }

  #fail(batch: readonly Prepared[], generation: number, how: 'restart' | 'failed', error?: unknown): void {
    let dropped = batch;
    // A later batch of a generation that failed already has nothing to drop any more: the head is a newer one.
    if (generation === this.#generation) {
      this.#generation++;
      this.#head = undefined;
      this.#keys = undefined;
      this.ports.heads.forget(this.#stream);
      this.ports.keyring.forget(this.customerId);
      dropped = [...batch, ...this.#outbox];
      this.#outbox = [];
    }
    this.#inFlight--;
    for (const { job } of dropped) {
      this.ports.resolver.settle(job.resolution, []);
      if (how === 'restart') job.done('restart');
      else job.failed(error);
    }
    this.#settleDrained();
  }

  #settleDrained(): void {
    if (this.#outbox.length > 0 || this.#inFlight > 0) return;
    const waiting = this.#drained;
    this.#drained = [];
    for (const resolve of waiting) resolve();
    if (this.#idle) this.keeper.retire(this);
  }
}

/** The event that a command needs first: the registration of an unknown customer, or the linking of new identifiers. */
function preludeOf({ link }: Resolution, register: boolean): LedgerEvent | undefined {
  if (link.length === 0) return undefined;
  const identifiers = link.map(({ identifier }) => identifier);
  return { type: register ? 'customer-registered.v1' : 'identifier-linked.v1', data: { identifiers } };
}

function fingerprint({ command, body }: CommandInput, k: string, keys: CustomerKeys): string {
  return idempotencyFingerprint(keys.kF, command.name, k, body);
}

function purposeOf({ input }: Job, targets: Purpose | undefined): Purpose {
  if (targets !== undefined) return targets;
  return input.command.name === 'touchpoint' ? (input.command.body.purpose ?? 'service') : 'service';
}
