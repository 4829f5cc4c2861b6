import type { EventLog, IdentifierEntry, Vault } from '#libs/core';
import { Lru } from '#libs/core';
import type { Identifier } from '#libs/events';
import { indexOf } from './identifiers';
import { refused } from './outcome';
import type { Outcome } from './outcome';

/** Identifiers whose owner is kept in memory: about 150 bytes each. */
export const IDENTIFIERS_CACHED = 50_000;

export interface IndexedIdentifier {
  readonly identifier: Identifier;
  readonly index: string;
}

/** The customer that a command is about, and the identifiers that the command is going to link to it. */
export interface Resolution {
  readonly customerId: string;
  readonly by: 'id' | 'identifiers';
  readonly link: readonly IndexedIdentifier[];
  /** The id was made just now: nothing of the customer can be stored anywhere yet. */
  readonly fresh?: true;
  /** The entry that an unlinking frees. */
  readonly unlink?: IdentifierEntry;
}

interface Claim {
  readonly customerId: string;
  readonly settled: Promise<void>;
  settle(): void;
}

const FRESH = { fresh: true } as const;
const NOBODY: Owners = new Map();

/** What a look at the vault has found, by blind index. */
export type Owners = ReadonlyMap<string, Known>;

type Known = { readonly status: 'linked' | 'pending'; readonly entry: IdentifierEntry };

/**
 * Finds customers by identifier through the vault's blind index. An entry is linked when its event is in the log;
 * one whose event is missing is pending (its writer died, or is another process) and is completed, never taken.
 * Claims of this process that are under way are known here, so that a thousand lines about one new person register once.
 */
export class Resolver {
  readonly #claims = new Map<string, Claim>();
  readonly #linked = new Lru<IdentifierEntry>(IDENTIFIERS_CACHED);

  constructor(
    private readonly vault: Vault,
    private readonly log: EventLog,
    private readonly kBlind: Uint8Array,
    private readonly newId: () => string,
    /** No other process writes this ledger: an identifier that was linked once needs no second look. */
    private readonly alone: boolean,
  ) {}

  /** The customer of these identifiers: known, to be linked further, or to be registered under a new id. */
  async byIdentifiers(
    identifiers: readonly Identifier[],
    looked: Owners = NOBODY,
  ): Promise<Resolution | Outcome> {
    const indexed = this.#index(identifiers);
    if (!Array.isArray(indexed)) return indexed;
    const known = await this.#look(indexed, looked);
    const owners = new Set<string>();
    const link: IndexedIdentifier[] = [];
    // From here to the claim nothing is awaited: two commands of one turn can't both find an identifier free.
    for (const item of indexed) {
      const owner = this.#ownerNow(item.index) ?? known.get(item.index);
      if (owner === undefined) link.push(item);
      else if (typeof owner === 'string') owners.add(owner);
      else {
        owners.add(owner.entry.customerId);
        if (owner.status === 'pending') link.push(item);
      }
    }
    if (owners.size > 1)
      return refused('identifiers-disagree', 'The identifiers belong to different customers.');
    const [owner] = owners;
    const customerId = owner ?? this.newId();
    this.#claim(link, customerId);
    return { customerId, by: 'identifiers', link, ...(owner === undefined ? FRESH : {}) };
  }

  /** For a registration or a linking: every identifier must be free. `customerId`: whose they are to be. */
  async claimFree(identifiers: readonly Identifier[], customerId?: string): Promise<Resolution | Outcome> {
    const indexed = this.#index(identifiers);
    if (!Array.isArray(indexed)) return indexed;
    for (const { index } of indexed) await this.#claims.get(index)?.settled;
    const known = await this.#look(indexed);
    let owner = customerId;
    for (const { index } of indexed) {
      if (this.#claims.has(index)) return this.claimFree(identifiers, customerId);
      const entry = this.#linked.get(index) ?? known.get(index);
      if (entry === undefined) continue;
      const found = 'status' in entry ? entry : { status: 'linked', entry };
      const takes = found.entry.customerId;
      if (found.status === 'linked' || (owner !== undefined && owner !== takes)) {
        return refused('identifier-taken', 'An identifier is already linked.', { customerId: takes });
      }
      owner = takes;
    }
    const resolved = owner ?? this.newId();
    this.#claim(indexed, resolved);
    return { customerId: resolved, by: 'identifiers', link: indexed, ...(owner === undefined ? FRESH : {}) };
  }

  async forUnlink(identifier: Identifier, customerId: string): Promise<Resolution | Outcome> {
    const unknown = refused('identifier-not-found', 'The customer has no such identifier.');
    const indexed = this.#index([identifier]);
    if (!Array.isArray(indexed)) return indexed;
    const [item] = indexed;
    if (item === undefined) return unknown;
    await this.#claims.get(item.index)?.settled;
    const known = (await this.#look([item])).get(item.index);
    if (this.#claims.has(item.index)) return this.forUnlink(identifier, customerId);
    const entry = this.#linked.get(item.index) ?? (known?.status === 'linked' ? known.entry : undefined);
    if (entry?.customerId !== customerId) return unknown;
    this.#claim([item], customerId);
    return { customerId, by: 'id', link: [], unlink: entry };
  }

  /** The customer of one identifier, for queries. */
  async find(identifier: Identifier): Promise<string | undefined> {
    const indexed = this.#index([identifier]);
    if (!Array.isArray(indexed)) return undefined;
    const [item] = indexed;
    if (item === undefined) return undefined;
    const known = (await this.#look([item])).get(item.index);
    const entry = this.#linked.get(item.index) ?? (known?.status === 'linked' ? known.entry : undefined);
    return entry?.customerId;
  }

  /** Looks many identifiers up at once, for commands that follow at once. */
  async lookUp(identifiers: readonly Identifier[]): Promise<Owners> {
    const indexed = new Map<string, IndexedIdentifier>();
    for (const identifier of identifiers) {
      const index = indexOf(this.kBlind, identifier);
      if (index !== undefined) indexed.set(index, { identifier, index });
    }
    return this.#look([...indexed.values()]);
  }

  /** Ends the claims of a command. `linked`: its entries, now durable; `freed`: the one that it unlinked. */
  settle(resolution: Resolution, linked: readonly IdentifierEntry[], freed?: IdentifierEntry): void {
    for (const entry of linked) this.#keep(entry);
    if (freed !== undefined) this.#linked.delete(freed.index);
    const indexes = resolution.link.map(({ index }) => index);
    if (resolution.unlink !== undefined) indexes.push(resolution.unlink.index);
    for (const index of indexes) {
      const claim = this.#claims.get(index);
      this.#claims.delete(index);
      claim?.settle();
    }
  }

  /** After a lost race with another process. */
  forget(indexes: readonly string[]): void {
    for (const index of indexes) this.#linked.delete(index);
  }

  #index(identifiers: readonly Identifier[]): IndexedIdentifier[] | Outcome {
    const indexed = new Map<string, IndexedIdentifier>();
    for (const identifier of identifiers) {
      const index = indexOf(this.kBlind, identifier);
      if (index === undefined) {
        return refused('invalid-identifier', `An identifier of type ${identifier.type} has no normal form.`);
      }
      if (!indexed.has(index)) indexed.set(index, { identifier, index });
    }
    return [...indexed.values()];
  }

  #ownerNow(index: string): string | undefined {
    return this.#claims.get(index)?.customerId ?? this.#linked.get(index)?.customerId;
  }

  #keep(entry: IdentifierEntry): void {
    if (this.alone) this.#linked.set(entry.index, entry);
  }

  #claim(items: readonly IndexedIdentifier[], customerId: string): void {
    for (const { index } of items) {
      let settle = (): void => undefined;
      const settled = new Promise<void>((resolve) => (settle = resolve));
      this.#claims.set(index, { customerId, settled, settle });
    }
  }

  /** What the vault knows of identifiers that this process does not. */
  async #look(items: readonly IndexedIdentifier[], looked: Owners = NOBODY): Promise<Owners> {
    const known = new Map<string, Known>();
    const indexes: string[] = [];
    for (const { index } of items) {
      if (this.#ownerNow(index) !== undefined) continue;
      const found = looked.get(index);
      if (found === undefined) indexes.push(index);
      else known.set(index, found);
    }
    if (indexes.length === 0) return known;
    const entries = (await this.vault.lookup(indexes)).filter((entry) => entry !== undefined);
    const located = await this.log.locate(
      entries.flatMap((entry) => [entry.linkedBy, entry.unlinkedBy ?? entry.linkedBy]),
    );
    for (const [i, entry] of entries.entries()) {
      if (entry.unlinkedBy !== undefined && located[2 * i + 1] !== undefined) await this.vault.free(entry);
      else if (located[2 * i] === undefined) known.set(entry.index, { status: 'pending', entry });
      else {
        known.set(entry.index, { status: 'linked', entry });
        this.#keep(entry);
      }
    }
    return known;
  }
}
