import type { Document, DocumentGroup, DocumentsDefinition, Progress } from '#libs/core';
import { customerStream, pause } from '#libs/core';
import { jcs } from '#libs/trust';

/** How two builds of the same read models differ. */
export interface Parity {
  readonly compared: number;
  readonly differing: number;
  /** Documents whose customer never stood still: neither equal nor different. */
  readonly undecided: number;
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
  definitions: readonly DocumentsDefinition[],
  { breathe, without = [] }: CompareOptions,
): Promise<Parity> {
  let compared = 0;
  let suspects: Suspect[] = [];
  for (const { name } of definitions) {
    for await (const [key, ours, theirs] of mergedScan(built, served(name), name)) {
      compared++;
      if (same(ours, theirs, without)) continue;
      const owner = (ours ?? theirs)?.['_customer'];
      const customerId = typeof owner === 'string' ? owner : '';
      if (suspects.length < MAX_SUSPECTS) suspects.push({ projection: name, key, customerId });
      if (compared % PAGE === 0) await breathe();
    }
    await breathe();
  }
  const differing: Difference[] = [];
  for (let round = 0; suspects.length > 0 && round < MAX_ROUNDS; round++) {
    const moving: Suspect[] = [];
    for (const suspect of suspects) {
      const verdict = await judge(suspect, built, served(suspect.projection), without);
      if (verdict === 'moving') moving.push(suspect);
      else if (verdict !== undefined) differing.push(verdict);
    }
    suspects = moving;
    if (moving.length > 0) await pause(SETTLE_MS);
  }
  const examples = differing.slice(0, MAX_EXAMPLES);
  return { compared, differing: differing.length, undecided: suspects.length, examples };
}

async function judge(
  suspect: Suspect,
  built: DocumentGroup,
  served: DocumentGroup,
  without: readonly string[],
): Promise<Difference | 'moving' | undefined> {
  const { projection, key, customerId } = suspect;
  const stream = [customerStream(customerId)];
  const before = [await built.progress(stream), await served.progress(stream)];
  const [ours] = await built.getMany(projection, [key]);
  const [theirs] = await served.getMany(projection, [key]);
  const after = [await built.progress(stream), await served.progress(stream)];
  const revisions = [...before, ...after].map(
    ([progress]: readonly (Progress | undefined)[]) => progress?.revision,
  );
  if (new Set(revisions).size > 1) return 'moving';
  if (same(ours, theirs, without)) return undefined;
  const what = theirs === undefined ? 'missing' : ours === undefined ? 'unexpected' : 'different';
  const names = new Set([...Object.keys(ours ?? {}), ...Object.keys(theirs ?? {})]);
  const fields = [...names]
    .filter((name) => !without.includes(name))
    .filter((name) => jcs(ours?.[name] ?? null) !== jcs(theirs?.[name] ?? null))
    .toSorted();
  return { projection, customerId, what, fields: what === 'different' ? fields : [] };
}

function same(a: Document | undefined, b: Document | undefined, without: readonly string[]): boolean {
  return a !== undefined && b !== undefined && jcs(less(a, without)) === jcs(less(b, without));
}

function less(document: Document, without: readonly string[]): Document {
  if (without.length === 0) return document;
  return Object.fromEntries(Object.entries(document).filter(([name]) => !without.includes(name)));
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
