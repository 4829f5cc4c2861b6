import { CursorError, QueryTooBroadError, isUuid } from '#libs/core';
import type { Parking } from '#libs/core';
import { checkQuery } from '#libs/contracts';
import type { CustomerQuery } from '#libs/contracts';
import { ProblemError } from '#libs/nest';
import type { ApiReply, ApiRequest } from '#libs/nest';
import type { Answer, History, Page, Reader, Waiting } from '#libs/runtime';

type QueryType<T extends object> = new () => T;

/** The query string as its contract reads it. */
export function queryOf<T extends object>(type: QueryType<T>, request: ApiRequest): T {
  const query: Record<string, unknown> = { ...Object(request.query) };
  const checked = checkQuery(type, query);
  if (checked.ok) return checked.value;
  throw new ProblemError('invalid-query', 'The query does not fit its contract.', { errors: checked.errors });
}

export function waitingOf({ waitFor, waitMs }: CustomerQuery): Waiting | undefined {
  const LONGEST_MS = 10_000;
  return waitFor === undefined ? undefined : { revision: waitFor, timeoutMs: waitMs ?? LONGEST_MS };
}

/** A customer's id from the path; 404 where nobody was ever registered under it. */
export async function knownCustomer(reader: Reader, id: string): Promise<string> {
  const customerId = id.toLowerCase();
  if (isUuid(customerId) && (await reader.exists(customerId))) return customerId;
  throw new ProblemError('customer-not-found', 'There is no such customer.');
}

interface Log {
  readonly reader: Reader;
  readonly history: History;
}

/**
 * Sets the headers of a customer-scoped answer that is read from the log itself, which has always reached every
 * acknowledged revision, also of a parked customer: there is nothing to wait for beyond it.
 */
export async function answerFromLog(
  reply: ApiReply,
  { reader, history }: Log,
  customerId: string,
  query: CustomerQuery,
): Promise<void> {
  const parked = await reader.parked(customerId);
  const waiting = parked === undefined ? waitingOf(query) : undefined;
  const revision = await history.headRevision(customerId, waiting);
  const stale = query.waitFor !== undefined && revision < query.waitFor;
  setHeaders(reply, { revision, stale, parked });
}

/** Sets the headers of a customer-scoped answer and gives its body. */
export async function answer<Body>(reply: ApiReply, reading: Promise<Answer<Body>>): Promise<Body> {
  const { body, ...reached } = await answered(reading);
  setHeaders(reply, reached);
  return body;
}

type Reached = Pick<Answer<unknown>, 'revision' | 'stale'> & { readonly parked?: Parking | undefined };

function setHeaders(reply: ApiReply, { revision, stale, parked }: Reached): void {
  reply.header('touchstone-revision', String(revision));
  if (stale) reply.header('touchstone-stale', 'true');
  if (parked !== undefined) reply.header('touchstone-parked', parked.since);
}

/** What a read model refuses, as the problem that it is. */
export async function answered<Body>(reading: Promise<Body>): Promise<Body> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof CursorError) throw foreignCursor(error);
    if (error instanceof QueryTooBroadError)
      throw new ProblemError('query-too-broad', 'More than 10,000 entries match.', { cause: error });
    throw error;
  }
}

interface Asked {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The page that is asked for. Decoding passes over what is not base64url, so its own text must come back. */
export function askedPage({ limit, cursor }: Asked): Page {
  if (cursor === undefined) return { limit };
  if (Buffer.from(cursor, 'base64url').toString('base64url') === cursor) return { limit, cursor };
  throw foreignCursor();
}

function foreignCursor(cause?: CursorError): ProblemError {
  return new ProblemError('invalid-cursor', 'This cursor is not one of this query’s.', { cause });
}

/** A page as API §1 shapes it. */
export function pageOf<Item>(
  items: readonly Item[],
  next: string | undefined,
): { items: readonly Item[]; next: string | null } {
  return { items, next: next ?? null };
}
