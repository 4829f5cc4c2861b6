import type { Checkpoint, Document, DocumentGroup, Progress } from '#libs/core';
import { customerStream, pause, sameJson, sameMembers } from '#libs/core';
import { sumOf } from './sum-of-buckets';

/** How two builds of the same read models differ. */
export interface Parity {
  readonly compared: number;
  readonly differing: number;
  /** Documents whose customer never stood still: neither equal nor different. */
  readonly undecided: number;
  /** Documents of customers that one side has parked earlier than the other: they can't be equal, nor wrong. */
  readonly parked: number;
  /** The first of them, named without their content. */
  readonly examples: readonly Difference[];
}

export interface Difference {
  readonly projection: string;
  readonly customerId: string;
  readonly what: 'missing' | 'unexpected' | 'different';
  /** Names of the members that differ. */
  readonly fields: readonly string[];
}

const PAGE = 500;
/** Differences named one by one; the others are counted. */
const MAX_EXAMPLES = 20;
/** Documents whose customer was moving while they were compared, and that are looked at again. */
const MAX_SUSPECTS = 100_000;
const MAX_ROUNDS = 50;
/** A moving customer's next look comes this much later: projectors need a moment, other processes more than a turn. */
const SETTLE_MS = 20;

/** What is to be compared. */
interface Compared {
  readonly name: string;
  readonly shared?: true;
}

interface Suspect {
  readonly projection: string;
  readonly key: string;
  readonly customerId: string;
}

export interface CompareOptions {
  /** Awaited between pages. */
  readonly breathe: () => Promise<void>;
  /** Members that may differ: `_position`, where the two sides stand on different engines. */
  readonly without?: readonly string[];
}

/**
 * Compares the documents of `built`, made from the log just now, with those that are served. Both may be moving: a
 * difference counts when both have folded the same revisions of that customer.
 */
export async function compareGroups(
  built: DocumentGroup,
  served: (projection: string) => DocumentGroup,
  definitions: readonly Compared[],
  { breathe, without: more = [] }: CompareOptions,
): Promise<Parity> {
  const without = ['_projection', ...more];
  let compared = 0;
  let undecided = 0;
  let suspects: Suspect[] = [];
  const differing: Difference[] = [];
  for (const { name, shared } of definitions) {
    if (shared === true) {
      const verdict = await compareShared(built, served(name), name);
      compared += verdict.compared;
      if (verdict.equal === 'moving') undecided += verdict.compared;
      else if (!verdict.equal) {
        differing.push({ projection: name, customerId: '', what: 'different', fields: [] });
      }
      continue;
    }
    for await (const [key, ours, theirs] of mergedScan(built, served(name), name)) {
      compared++;
      if (compared % PAGE === 0) await breathe();
      if (same(ours, theirs, without)) continue;
      const owner = (ours ?? theirs)?.['_customer'];
      const customerId = typeof owner === 'string' ? owner : '';
      if (suspects.length < MAX_SUSPECTS) suspects.push({ projection: name, key, customerId });
      else undecided++;
    }
    await breathe();
  }
  let parked = 0;
  for (let round = 0; suspects.length > 0 && round < MAX_ROUNDS; round++) {
    const moving: Suspect[] = [];
    for (const suspect of suspects) {
      const verdict = await judge(suspect, built, served(suspect.projection), without);
      if (verdict === 'moving') moving.push(suspect);
      else if (verdict === 'parked') parked++;
      else if (verdict !== undefined) differing.push(verdict);
    }
    suspects = moving;
    if (moving.length > 0) await pause(SETTLE_MS);
  }
  const examples = differing.slice(0, MAX_EXAMPLES);
  undecided += suspects.length;
  return { compared, differing: differing.length, undecided, parked, examples };
}

async function judge(
  suspect: Suspect,
  built: DocumentGroup,
  served: DocumentGroup,
  without: readonly string[],
): Promise<Difference | 'moving' | 'parked' | undefined> {
  const { projection, key, customerId } = suspect;
  const stream = [customerStream(customerId)];
  const before = [await built.progress(stream), await served.progress(stream)];
  const [ours] = await built.getMany(projection, [key]);
  const [theirs] = await served.getMany(projection, [key]);
  const after = [await built.progress(stream), await served.progress(stream)];
  const seen = [...before, ...after].map(([progress]: readonly (Progress | undefined)[]) => progress);
  if (new Set(seen.map((progress) => progress?.revision)).size > 1) {
    return seen.some((progress) => progress?.parked !== undefined) ? 'parked' : 'moving';
  }
  if (same(ours, theirs, without)) return undefined;
  const what = theirs === undefined ? 'missing' : ours === undefined ? 'unexpected' : 'different';
  const names = new Set([...Object.keys(ours ?? {}), ...Object.keys(theirs ?? {})]);
  const fields = [...names]
    .filter((name) => !without.includes(name))
    .filter((name) => !sameJson(ours?.[name], theirs?.[name]))
    .toSorted();
  return { projection, customerId, what, fields: what === 'different' ? fields : [] };
}

/**
 * Shared documents are compared as what they add up to, since how customers are put into buckets may differ. While
 * both sides move, sums that differ are taken again until both stand at the same place.
 */
async function compareShared(
  built: DocumentGroup,
  served: DocumentGroup,
  projection: string,
): Promise<{ readonly compared: number; readonly equal: boolean | 'moving' }> {
  for (let round = 0; ; round++) {
    const before = await placesOf(built, served);
    const ours = await sumOf(built, projection);
    const theirs = await sumOf(served, projection);
    const compared = Math.max(ours.size, theirs.size);
    if (sameJson(Object.fromEntries(ours), Object.fromEntries(theirs))) return { compared, equal: true };
    const after = await placesOf(built, served);
    if (before.stood && after.stood && before.text === after.text) return { compared, equal: false };
    if (round === MAX_ROUNDS) return { compared, equal: 'moving' };
    await pause(SETTLE_MS);
  }
}

/** Where both sides are, and whether that is the same place, and nobody parked who would be missing in a sum. */
async function placesOf(
  built: DocumentGroup,
  served: DocumentGroup,
): Promise<{ readonly text: string; readonly stood: boolean }> {
  const [ours, theirs] = [placeOf(await built.checkpoints()), placeOf(await served.checkpoints())];
  const parked = (await built.countParked()) + (await served.countParked());
  return { text: `${ours} ${theirs}`, stood: ours === theirs && parked === 0 };
}

/** By offsets alone: positions that were noted and positions that were delivered are not the same where nothing came. */
function placeOf(checkpoints: ReadonlyMap<number, Checkpoint>): string {
  const begun = [...checkpoints].filter(([, { offset }]) => offset > 0).toSorted(([a], [b]) => a - b);
  return JSON.stringify(begun.map(([partition, { topicId, offset }]) => [partition, topicId, offset]));
}

function same(a: Document | undefined, b: Document | undefined, without: readonly string[]): boolean {
  return a !== undefined && b !== undefined && sameMembers(a, b, without);
}

/** Both sides in key order, side by side. */
async function* mergedScan(
  a: DocumentGroup,
  b: DocumentGroup,
  projection: string,
): AsyncGenerator<readonly [string, Document | undefined, Document | undefined]> {
  const left = scanAll(a, projection);
  const right = scanAll(b, projection);
  let ours = await left.next();
  let theirs = await right.next();
  while (ours.done !== true || theirs.done !== true) {
    const ourKey = ours.done === true ? undefined : ours.value[0];
    const theirKey = theirs.done === true ? undefined : theirs.value[0];
    const key = ourKey === undefined || (theirKey !== undefined && theirKey < ourKey) ? theirKey : ourKey;
    if (key === undefined) return;
    const mine = ours.done !== true && ourKey === key ? ours.value[1] : undefined;
    const other = theirs.done !== true && theirKey === key ? theirs.value[1] : undefined;
    yield [key, mine, other];
    if (mine !== undefined) ours = await left.next();
    if (other !== undefined) theirs = await right.next();
  }
}

async function* scanAll(
  group: DocumentGroup,
  projection: string,
): AsyncGenerator<readonly [string, Document]> {
  let after: string | undefined;
  for (;;) {
    const page = await group.scan(projection, after, PAGE);
    yield* page;
    const last = page[page.length - 1];
    if (last === undefined || page.length < PAGE) return;
    after = last[0];
  }
}
