import type { IdempotencyCache } from './idempotency-cache';
import { TOMBSTONE } from './records';
import type { Expected } from './records';

/** What the check asks of a stream. */
export interface CheckedStream {
  readonly name: string;
  /** Revision of the last event; −1 where there is none. */
  readonly last: number;
  readonly softDeleted: boolean;
  readonly hasMetadata: boolean;
  idAt(revision: number): string | undefined;
}

export type Decision =
  | { readonly kind: 'ok'; readonly undelete: boolean }
  /** Written before: nothing is written now. */
  | { readonly kind: 'idempotent'; readonly last: number }
  | { readonly kind: 'wrong-expected-version' }
  | { readonly kind: 'deleted' };

const WRONG: Decision = { kind: 'wrong-expected-version' };
const DELETED: Decision = { kind: 'deleted' };

/** Whether a write may go ahead: the server's own rules, in its order. A batch that is known in part only is refused. */
export function checkCommit(
  stream: CheckedStream,
  cache: IdempotencyCache,
  expected: Expected,
  ids: readonly string[],
): Decision {
  if (stream.last === TOMBSTONE) return DELETED;
  if (expected.kind === 'stream-exists') {
    if (stream.softDeleted) return DELETED;
    if (stream.last < 0 && !stream.hasMetadata) return WRONG;
  }
  if (expected.kind === 'any' || expected.kind === 'stream-exists') return checkByCache(stream, cache, ids);
  const revision = expected.kind === 'no-stream' ? -1 : Number(expected.revision);
  if (revision > stream.last) return WRONG;
  // Nobody looks at the ids here: the same id can stand in a stream twice.
  if (revision === stream.last) return { kind: 'ok', undelete: stream.softDeleted };
  return checkByRevision(stream, cache, revision, ids);
}

/** Without a revision only the cache knows what was written before: after a restart or an eviction it is written twice. */
function checkByCache(stream: CheckedStream, cache: IdempotencyCache, ids: readonly string[]): Decision {
  let last: number | undefined;
  for (const id of ids) {
    const known = cache.get(id);
    if (known?.stream !== stream.name) {
      return last === undefined ? { kind: 'ok', undelete: stream.softDeleted } : WRONG;
    }
    last = known.revision;
  }
  return last === undefined ? { kind: 'ok', undelete: stream.softDeleted } : { kind: 'idempotent', last };
}

/** With a revision the events themselves are compared: that holds for ever. */
function checkByRevision(
  stream: CheckedStream,
  cache: IdempotencyCache,
  expected: number,
  ids: readonly string[],
): Decision {
  let revision = expected;
  for (const id of ids) {
    revision++;
    const known = cache.get(id);
    if (known?.stream === stream.name && known.revision === revision) continue;
    if (stream.idAt(revision) === id) continue;
    const first = revision === expected + 1;
    if (first && expected === -1 && stream.softDeleted) return { kind: 'ok', undelete: true };
    return WRONG;
  }
  return revision === expected ? WRONG : { kind: 'idempotent', last: revision };
}
