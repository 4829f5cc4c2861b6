import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { allItems, callObject, textOf } from '../api';
import type { Connection } from '../verb';
import type { ExportName } from './columns';
import { readAhead } from './read-ahead';

/** What is wanted of all there is. */
export interface Selection {
  readonly customer?: string;
  readonly segment?: string;
  readonly tier?: string;
  readonly from?: string;
  readonly to?: string;
  readonly by?: string;
}

type Rows = (connection: Connection, selection: Selection) => AsyncGenerator<JsonObject>;

/** Of small things. */
const PAGE = 500;
/** Of timelines, whose entries may have 384 KiB each: pages of several customers are in memory together. */
const PAGE_OF_CUSTOMER = 100;
/** Customers that are asked for before it is their turn. */
const CUSTOMERS_AHEAD = 4;

/** Answers of the API, one a row. What is about a customer, a segment or a range has that as its first members. */
export const ROWS: Readonly<Record<ExportName, Rows>> = {
  profiles,
  timeline: (connection, selection) => {
    const { from, to } = selection;
    const query = queryOf({ order: 'asc', from, to, limit: PAGE_OF_CUSTOMER });
    return ofCustomers(connection, selection, (path) => allItems(connection, `${path}/timeline${query}`));
  },
  purchases: (connection, selection) => {
    const query = queryOf({ limit: PAGE_OF_CUSTOMER });
    return ofCustomers(connection, selection, (path) => allItems(connection, `${path}/purchases${query}`));
  },
  loyalty: (connection, selection) =>
    ofCustomers(connection, selection, (path) => one(connection, `${path}/loyalty`)),
  segments: (connection) => allItems(connection, '/v1/segments'),
  members,
  async *contacts(connection, { from, to, by }) {
    const answer = await callObject(connection, 'GET', `/v1/metrics/contacts${queryOf({ from, to, by })}`);
    yield* rowsOf(answer);
  },
  async *satisfaction(connection, { from, to, by }) {
    const path = `/v1/metrics/satisfaction${queryOf({ from, to, by })}`;
    const answer = await callObject(connection, 'GET', path);
    if (by === undefined) yield answer;
    else yield* rowsOf(answer);
  },
};

function profiles(
  connection: Connection,
  { customer, segment, tier }: Selection,
): AsyncGenerator<JsonObject> {
  if (customer !== undefined) return one(connection, `/v1/customers/${customer}`);
  return allItems(connection, `/v1/customers${queryOf({ segment, tier, limit: PAGE })}`);
}

async function* members(connection: Connection, { segment }: Selection): AsyncGenerator<JsonObject> {
  const segments = segment === undefined ? allItems(connection, '/v1/segments') : [{ segmentId: segment }];
  for await (const { segmentId } of segments) {
    const path = `/v1/segments/${encodeURIComponent(textOf(segmentId))}/members${queryOf({ limit: PAGE })}`;
    for await (const member of allItems(connection, path)) yield { segmentId, ...member };
  }
}

/** What each customer's page or answer has, customer by customer. */
function ofCustomers(
  connection: Connection,
  selection: Selection,
  read: (path: string) => AsyncGenerator<JsonObject>,
): AsyncGenerator<JsonObject> {
  const sources = async function* (): AsyncGenerator<AsyncGenerator<JsonObject>> {
    for await (const { customerId } of profiles(connection, selection)) {
      yield named({ customerId }, read(`/v1/customers/${textOf(customerId)}`));
    }
  };
  return readAhead(sources(), CUSTOMERS_AHEAD);
}

async function* named(owner: JsonObject, items: AsyncIterable<JsonObject>): AsyncGenerator<JsonObject> {
  for await (const item of items) yield { ...owner, ...item };
}

async function* one(connection: Connection, path: string): AsyncGenerator<JsonObject> {
  yield await callObject(connection, 'GET', path);
}

/** Rows of a metric, each with the range that all of them are of. */
function* rowsOf({ from, to, rows }: JsonObject): Generator<JsonObject> {
  if (Array.isArray(rows)) for (const row of rows) if (isJsonObject(row)) yield { from, to, ...row };
}

function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
