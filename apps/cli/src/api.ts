import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { CliError } from './verb';
import type { Connection } from './verb';

/** A member of an answer as text: strings as they are, anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Calls one route; throws `CliError` with the problem's code and detail where the answer is none of 2xx. */
export async function call(
  connection: Connection,
  method: string,
  path: string,
  body?: JsonObject,
): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(connection.url + path, {
      method,
      headers: {
        authorization: `Bearer ${connection.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new CliError(`${connection.url} does not answer`, { cause: error });
  }
  const text = await answer.text();
  const value = parsed(text);
  if (answer.ok) return value;
  if (isJsonObject(value)) throw new CliError(problemText(value));
  throw new CliError(`the server answered ${answer.status}`);
}

/** A problem as one line: its code, what it says, and the first field at fault. */
function problemText({ code, detail, errors }: JsonObject): string {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const where = isJsonObject(first) ? ` (${textOf(first['pointer'])} ${textOf(first['message'])})` : '';
  return `${textOf(code)}: ${textOf(detail)}${where}`;
}

/** `undefined` where it is no JSON: a proxy, or a server that is none of ours, answers with a page. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function callObject(
  connection: Connection,
  method: string,
  path: string,
  body?: JsonObject,
): Promise<JsonObject> {
  const value = await call(connection, method, path, body);
  if (!isJsonObject(value)) throw new CliError('the server answered something else than an object');
  return value;
}

/** Every item of a paged list, page by page. */
export async function* allItems(connection: Connection, path: string): AsyncGenerator<JsonObject> {
  for (let cursor: unknown; ;) {
    const joint = path.includes('?') ? '&' : '?';
    const more = typeof cursor === 'string' ? `${joint}cursor=${encodeURIComponent(cursor)}` : '';
    const page = await callObject(connection, 'GET', path + more);
    const { items, next } = page;
    if (Array.isArray(items)) for (const item of items) if (isJsonObject(item)) yield item;
    if (typeof next !== 'string') return;
    cursor = next;
  }
}
