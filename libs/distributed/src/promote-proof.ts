import type { DocumentGroup, DocumentStore, EventLog, StoredRecord, Vault } from '#libs/core';
import { compareGroups, openGroup } from '#libs/runtime';
import type { Parity, ProjectorPorts } from '#libs/runtime';
import { atOnce, byStream, goOn, PromoteError } from './promote-steps';
import type { PromoteWatch } from './promote-steps';
import { compareVaults } from './promote-vault';
import type { VaultEquality } from './promote-vault';

const EVENTS_PAGE = 1_000;
const STREAMS_PAGE = 500;
const STREAMS_AT_ONCE = 48;
/** Comparing the heads takes about as long as comparing the events. */
const HEADS_SHARE = 0.5;
/** Places named one by one; the others are counted. */
const MAX_EXAMPLES = 20;

export interface LogEquality {
  /** Events counted on each side. */
  readonly events: { readonly embedded: number; readonly distributed: number };
  readonly streams: number;
  /** Streams whose last revision or leaf hash is not the same on both sides. */
  readonly differingHeads: number;
  /** Events of the target that are not, byte for byte, the embedded ledger's at their revision. */
  readonly differingEvents: number;
  /** The first places that differ. */
  readonly examples: readonly { readonly stream: string; readonly revision: number }[];
}

export interface PromoteProof extends LogEquality {
  readonly same: boolean;
  readonly vault: VaultEquality;
  readonly readModels: Parity;
}

export interface Side {
  readonly log: EventLog;
  readonly vault: Vault;
  readonly store: DocumentStore;
}

/** Compares everything that two sets of engines hold of one ledger: events, heads, vault, read models. */
export async function prove(
  embedded: Side,
  distributed: Side,
  projections: ProjectorPorts['projections'],
  watch: PromoteWatch,
): Promise<PromoteProof> {
  const logs = await compareLogs(embedded.log, distributed.log, watch);
  const vault = await compareVaults(embedded.vault, distributed.vault, watch);
  const ours = await served(embedded.store, projections);
  const theirs = await served(distributed.store, projections);
  const readModels = await compareReadModels(ours, theirs, projections, watch);
  const { events, differingHeads, differingEvents } = logs;
  const differing = differingHeads + differingEvents + vault.differing + readModels.differing;
  const open = readModels.undecided + readModels.parked;
  const same = events.embedded === events.distributed && differing + open === 0;
  return { same, ...logs, vault, readModels };
}

/**
 * Every event of the target is held against the embedded one at its stream and revision, so equal counts mean equal
 * logs. The heads are compared too: they say where a stream is short.
 */
export async function compareLogs(
  embedded: EventLog,
  distributed: EventLog,
  watch: PromoteWatch,
): Promise<LogEquality> {
  const examples: { stream: string; revision: number }[] = [];
  const differs = (stream: string, revision: number): void => {
    if (examples.length < MAX_EXAMPLES) examples.push({ stream, revision });
  };
  let streams = 0;
  let differingHeads = 0;
  let count = 0;
  // A position of the embedded log is about the number of events up to it.
  const end = await embedded.lastPosition();
  for (let cursor: string | undefined; ;) {
    const page = await embedded.streams(cursor, STREAMS_PAGE);
    await atOnce(page.items, STREAMS_AT_ONCE, async ({ stream, revision }) => {
      goOn(watch);
      const [ours, theirs] = await Promise.all([embedded.head(stream), distributed.head(stream)]);
      if (ours !== undefined && ours.rev === theirs?.rev && ours.leafHash === theirs.leafHash) return;
      differingHeads++;
      differs(stream, revision);
    });
    streams += page.items.length;
    for (const { revision } of page.items) count += revision + 1;
    watch.tell({ phase: 'proof', share: HEADS_SHARE * shareOf(count, end), count });
    if (page.next === undefined) break;
    cursor = page.next;
  }
  const found = await compareEvents(embedded, distributed, differs, watch);
  return {
    events: { embedded: count, distributed: found.count },
    streams,
    differingHeads,
    differingEvents: found.differing,
    examples,
  };
}

async function compareEvents(
  embedded: EventLog,
  distributed: EventLog,
  differs: (stream: string, revision: number) => void,
  watch: PromoteWatch,
): Promise<{ readonly count: number; readonly differing: number }> {
  const end = await distributed.lastPosition();
  let count = 0;
  let differing = 0;
  for (let after = 0; ;) {
    goOn(watch);
    const page = await distributed.readAll(after, EVENTS_PAGE);
    for (const [stream, theirs] of byStream(page)) {
      const ours = await embedded.readStream(stream, theirs[0]?.rev ?? 0, theirs.length);
      for (const [i, record] of theirs.entries()) {
        if (sameRecord(ours[i], record)) continue;
        differing++;
        differs(stream, record.rev);
      }
    }
    count += page.length;
    const last = page[page.length - 1];
    if (last === undefined) return { count, differing };
    after = last.position;
    watch.tell({ phase: 'proof', share: HEADS_SHARE + (1 - HEADS_SHARE) * shareOf(after, end), count });
  }
}

function shareOf(done: number, all: number): number {
  return all === 0 ? 1 : Math.min(1, done / all);
}

/** The target may still have a blob that the embedded log has dropped since: a redaction there came after the copy. */
function sameRecord(ours: StoredRecord | undefined, theirs: StoredRecord): boolean {
  if (ours === undefined || ours.rev !== theirs.rev || ours.id !== theirs.id || ours.env !== theirs.env) {
    return false;
  }
  if (ours.leafHash !== theirs.leafHash || ours.tag !== theirs.tag) return false;
  return Object.entries(ours.sealed).every(([path, blob]) => {
    const other = theirs.sealed[path];
    return other !== undefined && Buffer.compare(blob, other) === 0;
  });
}

async function compareReadModels(
  embedded: ReadonlyMap<string, DocumentGroup>,
  distributed: ReadonlyMap<string, DocumentGroup>,
  projections: ProjectorPorts['projections'],
  watch: PromoteWatch,
): Promise<Parity> {
  const parities: Parity[] = [];
  for (const projection of projections.plain) {
    const ours = embedded.get(projection.name);
    const theirs = distributed.get(projection.name);
    if (ours === undefined || theirs === undefined) {
      throw new PromoteError(
        `${projection.name} is not served on both sides: run promote without --verify-only`,
      );
    }
    const breathe = async (): Promise<void> => goOn(watch);
    const parity = await compareGroups(theirs, () => ours, [projection], { breathe, without: ['_position'] });
    parities.push(parity);
  }
  const sum = (of: (parity: Parity) => number): number => parities.reduce((all, each) => all + of(each), 0);
  return {
    compared: sum(({ compared }) => compared),
    differing: sum(({ differing }) => differing),
    undecided: sum(({ undecided }) => undecided),
    parked: sum(({ parked }) => parked),
    examples: parities.flatMap(({ examples }) => examples).slice(0, MAX_EXAMPLES),
  };
}

/** By projection, the group that serves it. */
async function served(
  store: DocumentStore,
  projections: ProjectorPorts['projections'],
): Promise<ReadonlyMap<string, DocumentGroup>> {
  const groups = new Map<string, DocumentGroup>();
  for (const { projection, group } of await store.pointers()) {
    const opened = await openGroup(store, group, projections);
    if (opened !== undefined) groups.set(projection, opened.group);
  }
  return groups;
}
