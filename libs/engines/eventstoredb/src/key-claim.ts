import { EngineError, Lru, pause } from '#libs/core';
import type { HeldKey, IndexEntry, LogIndex } from '#libs/core';
import type { Confirmations } from './confirmations';
import type { EventReader } from './event-reader';
import { searchKeys } from './key-search';
import { takeoverMs } from './timings';
import type { Timings } from './timings';
import { backoffMs } from './waiting';

/** Claims that this process gave up and remembers, so that nobody here waits for them. */
const RELEASED_REMEMBERED = 10_000;
/** A claim that is robbed again and again gives up after so many rounds. */
const MAX_ROUNDS = 8;
const POLL_BACKOFF = { firstMs: 10, mostMs: 250 };

export interface ClaimPorts {
  readonly index: LogIndex;
  readonly reader: EventReader;
  readonly confirmations: Confirmations;
  readonly timings: Timings;
  readonly released: ReleasedKeys;
}

/** Places of keys that this process claimed and will never fill. */
export class ReleasedKeys {
  readonly #places = new Lru<string>(RELEASED_REMEMBERED);

  add(key: string, { stream, revision }: IndexEntry): void {
    this.#places.set(key, `${revision}@${stream}`);
  }

  has({ key, stream, revision }: HeldKey): boolean {
    return this.#places.get(key) === `${revision}@${stream}`;
  }
}

/** How a key that is held already stands: its event is in the ledger, or its holder is … */
type Standing = 'in-ledger' | 'in-this-stream' | 'gone' | 'passed' | 'under-way';

/**
 * The claim of one append on its keys. A key is held at a place in a stream, and belongs to whatever event with that key
 * stands there or behind it, whoever wrote it. Within a stream exact revisions decide between claimants, so nobody waits;
 * the place at which a key is held moves towards the stream's beginning only, until its event is confirmed. Between
 * streams the holder is waited for, then robbed, and what it began before that is waited for too.
 */
export class KeyClaim {
  readonly #entries: ReadonlyMap<string, IndexEntry>;
  /** Keys that are held in this claim's stream, its entries being noted. */
  readonly #own = new Set<string>();
  /** Those that nobody else held there before. */
  readonly #fresh = new Set<string>();
  #seenAtMs = 0;

  constructor(
    private readonly ports: ClaimPorts,
    private readonly all: readonly IndexEntry[],
  ) {
    this.#entries = new Map(all.flatMap((entry) => (entry.key === undefined ? [] : [[entry.key, entry]])));
  }

  /** Notes the entries and claims their keys; answers a key that is in the ledger already. */
  async claim(): Promise<string | undefined> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const held = (await this.#reserve()).filter((one) => one.confirmed || !this.#isOwn(one));
      if (held.length === 0) return undefined;
      const standings = await Promise.all(held.map((one) => this.#judge(one)));
      const inLedger = held.find((_, i) => standings[i] === 'in-ledger');
      if (inLedger !== undefined) return inLedger.key;
      for (const [i, one] of held.entries()) {
        if (await this.#claimHeld(one, standings[i] ?? 'under-way')) return one.key;
      }
    }
    throw new EngineError('EventStoreDB: a key stays contended');
  }

  /** Whether the keys are still held in this stream, as seen a moment ago or just now. */
  async holds(): Promise<boolean> {
    if (this.#entries.size === 0) return true;
    if (performance.now() - this.#seenAtMs <= this.ports.timings.claimFreshMs) return true;
    return (await this.#reserve()).every((held) => this.#isOwn(held));
  }

  /** Nothing of it is in the log or will be. Not awaited: an entry that stays is verified when it is read. */
  release(): void {
    for (const [key, entry] of this.#entries) if (this.#fresh.has(key)) this.ports.released.add(key, entry);
    this.ports.index.forget(this.all.map(({ eventId }) => eventId)).catch(() => undefined);
  }

  /** A key of this claim in the stream from a revision on: it came there by another append. */
  async keyBehind(stream: string, revision: number): Promise<string | undefined> {
    if (this.#entries.size === 0) return undefined;
    const { found } = await searchKeys(this.ports.reader, stream, revision, this.#entries);
    if (found !== undefined) this.ports.confirmations.add([found.entry]);
    return found?.entry.key;
  }

  async #reserve(): Promise<readonly HeldKey[]> {
    const nowMs = performance.now();
    const held = await this.ports.index.reserve(this.all);
    this.#seenAtMs = nowMs;
    const before = new Set(held.map(({ key }) => key));
    for (const key of this.#entries.keys()) {
      if (before.has(key)) continue;
      this.#own.add(key);
      this.#fresh.add(key);
    }
    return held;
  }

  #isOwn({ key, stream, revision, confirmed }: HeldKey): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#own.has(key) || entry.stream !== stream) return false;
    return confirmed ? revision === entry.revision : revision <= entry.revision;
  }

  async #judge(held: HeldKey): Promise<Standing> {
    if (held.confirmed) return 'in-ledger';
    const standing = await this.#standing(held);
    if (standing === 'in-ledger') return standing;
    if (this.#entries.get(held.key)?.stream === held.stream) return 'in-this-stream';
    if (standing === 'passed') return standing;
    return this.ports.released.has(held) ? 'gone' : 'under-way';
  }

  /** `passed`: another event stands where the key is held, none with the key stands behind it. */
  async #standing({ key, stream, revision }: HeldKey): Promise<'in-ledger' | 'passed' | 'under-way'> {
    const { found, occupied } = await searchKeys(this.ports.reader, stream, revision, new Set([key]));
    if (found === undefined) return occupied ? 'passed' : 'under-way';
    this.ports.confirmations.add([found.entry]);
    return 'in-ledger';
  }

  /** Makes a held key this claim's own, or tries to; true where its event turns out to be in the ledger. */
  async #claimHeld(held: HeldKey, standing: Standing): Promise<boolean> {
    const entry = this.#entries.get(held.key);
    if (entry === undefined) return false;
    if (standing === 'in-this-stream') {
      if (entry.revision < held.revision) return this.#take(held, entry).then(() => false);
      // The key stays where it is held; only the entry is noted.
      await this.ports.index.reserve([{ ...entry, key: undefined }]);
      this.#own.add(held.key);
      return false;
    }
    const { claimHeldMs } = this.ports.timings;
    if (standing === 'under-way' && (await this.#appears(held, claimHeldMs))) return true;
    if (!(await this.#take(held, entry)) || standing === 'gone') return false;
    if (!(await this.#appears(held, takeoverMs(this.ports.timings)))) return false;
    return true;
  }

  async #take(held: HeldKey, entry: IndexEntry): Promise<boolean> {
    if (!(await this.ports.index.take(held, entry))) return false;
    this.#own.add(held.key);
    this.#fresh.add(held.key);
    return true;
  }

  /** Whether the event of a key that is, or was, held elsewhere comes into the ledger within a time. */
  async #appears(held: HeldKey, withinMs: number): Promise<boolean> {
    const untilMs = performance.now() + withinMs;
    for (let attempt = 1; ; attempt++) {
      if ((await this.#standing(held)) === 'in-ledger') return true;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return false;
      await pause(Math.min(leftMs, backoffMs(attempt, POLL_BACKOFF.firstMs, POLL_BACKOFF.mostMs)));
    }
  }
}
