import { eventually } from './wait';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
// What comes over the wire is looked into freely: a wrong shape must fail an expectation, not a cast.
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Loose;
}

export interface Asking {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Four processes and three servers share the machine with the tests. */
const TIMEOUT_MS = process.env['TEST_TOPOLOGY'] === 'distributed' ? 120_000 : 30_000;
/** Characters of an unexpected answer that a failure shows. */
const MAX_SHOWN = 500;

/** A client of the API that keeps status, headers and the very bytes of each answer. */
export class Client {
  constructor(
    readonly url: string,
    readonly key: string | undefined,
  ) {}

  async ask(method: string, path: string, asking: Asking = {}): Promise<Answer> {
    const { body, raw, headers = {}, timeoutMs = TIMEOUT_MS } = asking;
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(this.url + path, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...(this.key === undefined ? {} : { authorization: `Bearer ${this.key}` }),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent as NonNullable<RequestInit['body']> }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    const parsed: Loose = isJson && !isNdjson(response) ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, body: parsed };
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask('GET', path, { headers });
  }

  post(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask('POST', path, { headers, ...(body === undefined ? {} : { body }) });
  }

  patch(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask('PATCH', path, { body, headers });
  }

  /** POSTs and expects the receipt of an accepted command. */
  async accept(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Loose> {
    const answer = await this.post(path, body, headers);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  bulk(
    lines: readonly unknown[],
    headers: Readonly<Record<string, string>> = {},
    query = '',
  ): Promise<Answer> {
    const raw = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
    return this.ask('POST', `/v1/bulk${query}`, {
      raw: `${raw}\n`,
      headers: { 'content-type': 'application/x-ndjson', ...headers },
    });
  }

  /** All items of a paged query. */
  async all(path: string): Promise<Loose[]> {
    const items: Loose[] = [];
    let cursor: string | null = null;
    do {
      const glue: string = path.includes('?') ? '&' : '?';
      const page: Answer = await this.get(
        cursor === null ? path : `${path}${glue}cursor=${encodeURIComponent(cursor)}`,
      );
      if (page.status !== 200) throw new Error(`GET ${path}: ${page.status} ${page.text}`);
      items.push(...page.body.items);
      cursor = page.body.next;
    } while (cursor !== null);
    return items;
  }

  /** A client with another key of these roles, once it is known where queries are answered: that may be another process. */
  async as(...roles: readonly string[]): Promise<Client> {
    const answer = await this.post('/v1/keys', { name: roles.join('-'), roles });
    if (answer.status !== 201) throw new Error(`no key: ${answer.status} ${answer.text}`);
    const client = new Client(this.url, answer.body.key);
    await eventually('the key is known', async () => {
      return (await client.get('/v1/projections')).status === 401 ? undefined : true;
    });
    return client;
  }

  /** Asks for a change of what serves, once no other runs; its id. */
  async begin(path: string, deadlineMs?: number): Promise<string> {
    const begun = await eventually(
      `POST ${path} begins`,
      async () => {
        const answer = await this.post(path);
        return answer.status === 409 ? undefined : answer;
      },
      deadlineMs,
    );
    if (begun.status !== 202) throw new Error(`POST ${path}: ${begun.status} ${begun.text}`);
    return begun.body.rebuildId;
  }

  /** The last status of such a change. */
  ended(rebuildId: string, deadlineMs = 60_000): Promise<Loose> {
    return eventually(
      'the change of what serves ends',
      async () => {
        const { body } = await this.get(`/v1/rebuilds/${rebuildId}`);
        return ['done', 'failed'].includes(body.state) ? body : undefined;
      },
      deadlineMs,
    );
  }

  /** Runs a verification to its end. */
  async verified(scope: 'ledger' | 'readmodels', deadlineMs = 240_000): Promise<Loose> {
    const begun = await eventually('no other task runs', async () => {
      const answer = await this.post('/v1/verifications', { scope });
      return answer.status === 409 ? undefined : answer;
    });
    if (begun.status !== 202) throw new Error(`no verification: ${begun.status} ${begun.text}`);
    const { verificationId } = begun.body;
    return eventually(
      `the verification of ${scope} ends`,
      async () => {
        const { body } = await this.get(`/v1/verifications/${verificationId}`);
        return body.state === 'running' ? undefined : body;
      },
      deadlineMs,
    );
  }
}

function isNdjson({ headers }: Response): boolean {
  return headers.get('content-type')?.includes('ndjson') === true;
}

let count = 0;

/** A reference to a customer that nobody has named before. */
export function somebody(): { identifiers: [{ type: string; value: string }] } {
  return { identifiers: [{ type: 'crm', value: `c-${process.pid}-${count++}` }] };
}

/** A touchpoint of a new customer unless `fields` name one. */
export function touchpoint(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { customer: somebody(), channel: 'chat', direction: 'inbound', ...fields };
}

export const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const LEAF = /^[0-9a-f]{64}$/;

export function receipt(more: Readonly<Record<string, unknown>> = {}): Loose {
  return {
    eventId: expect.stringMatching(UUID_V7),
    customerId: expect.stringMatching(UUID_V7),
    revision: expect.any(Number),
    position: expect.any(Number),
    leafHash: expect.stringMatching(LEAF),
    recordedAt: expect.stringMatching(INSTANT),
    ...more,
  };
}

/** Expects an error as RFC 9457 and docs/errors.md have it, with nothing of our insides in it. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  const text = answer.text.slice(0, MAX_SHOWN);
  expect({ status: answer.status, code: answer.body?.code, text }).toEqual({ status, code, text });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json(;|$)/);
  expect(answer.body).toMatchObject({
    type: `urn:touchstone:problem:${code}`,
    title: expect.any(String),
    detail: expect.any(String),
    status,
    requestId: answer.headers.get('x-request-id'),
  });
  expect(answer.text).not.toMatch(/node_modules|\.[jt]s:\d+|\/work\/|SQLITE|at \w+ \(/);
  if (status === 503 || status === 429) expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
}
