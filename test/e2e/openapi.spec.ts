import { expectProblem } from './client';
import type { Client, Loose } from './client';
import { Server } from './server';

jest.setTimeout(60_000);

let server: Server;
let api: Client;
let told: Loose;

beforeAll(async () => {
  server = await Server.start();
  api = server.client();
  told = (await api.get('/openapi.json')).body;
});
afterAll(() => server.dispose());

const METHODS = ['get', 'post', 'patch', 'delete'];
const operations = (): Loose[] =>
  Object.entries<Loose>(told.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) =>
      item[method] === undefined ? [] : [{ ...item[method], route: `${method.toUpperCase()} ${path}` }],
    ),
  );
const operation = (wanted: string): Loose => operations().find(({ route }) => route === wanted);
const taken = ({ parameters = [] }: Loose): string[] => parameters.map(({ name }: Loose) => name);
const named = (type: string): Loose => told.components.schemas[type];
const reference = (type: string): Loose => ({ $ref: `#/components/schemas/${type}` });
/** Names of all components that a part of the description leads to. */
function reached(part: unknown, known = new Set<string>()): Set<string> {
  for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    if (known.has(name)) continue;
    known.add(name);
    reached(named(name), known);
  }
  return known;
}

it('the body of a bulk and both of its answers are described', () => {
  const { requestBody, responses, parameters } = operation('POST /v1/bulk');
  expect(requestBody).toMatchObject({ required: true, content: { 'application/x-ndjson': { schema: {} } } });
  expect(requestBody.description).toContain('touchpoint-status');
  expect(responses['200'].content).toMatchObject({
    'application/json': { schema: reference('BulkResult') },
    'application/x-ndjson': { schema: { type: 'string' } },
  });
  expect(named('BulkResult')).toMatchObject({ required: expect.arrayContaining(['accepted', 'errors']) });
  const encoding = parameters.find(({ name }: Loose) => name === 'Content-Encoding');
  expect(encoding).toMatchObject({ in: 'header', required: false, schema: { enum: ['gzip'] } });
});

it('a history is a page of events or of records', () => {
  const { schema } = operation('GET /v1/customers/{customerId}/history').responses['200'].content[
    'application/json'
  ];
  expect(schema).toEqual({ anyOf: [reference('HistoryPage'), reference('RecordPage')] });
  expect(named('RecordPage').properties.items.items).toEqual(reference('RecordEntry'));
});

it('parameters and headers that are read are described', () => {
  expect(taken(operation('POST /v1/customers/lookup'))).toEqual(['waitFor', 'waitMs']);
  expect(taken(operation('POST /v1/models'))).toEqual(['Idempotency-Key']);
});

it('verifications are described', () => {
  const { requestBody, responses } = operation('POST /v1/verifications');
  expect(requestBody.content['application/json'].schema).toMatchObject({ additionalProperties: false });
  const accepted = responses['202'].content['application/json'].schema;
  expect(accepted).toEqual(reference('VerificationAccepted'));
  const { schema } = operation('GET /v1/verifications/{verificationId}').responses['200'].content[
    'application/json'
  ];
  expect(schema).toEqual(reference('VerificationStatus'));
});

it('no object of a request takes other members than its own', () => {
  const schemas = operations().map(({ requestBody = {} }) => requestBody);
  const names = [...reached(schemas)];
  expect(names).toEqual(expect.arrayContaining(['RecordTouchpoint', 'Source', 'Money', 'LookupCustomer']));
  for (const name of names) expect([name, named(name).additionalProperties]).toEqual([name, false]);
});

it('a customer is named by one thing, and only one', () => {
  const oneOf = [{ required: ['id'] }, { required: ['identifiers'] }];
  expect(named('CustomerReference')).toMatchObject({ oneOf, additionalProperties: false });
});

it('headers of answers are described: of every customer-scoped one, and of every one that may be a repeat', () => {
  const headersOf = (wanted: Loose, status: string): string[] =>
    Object.keys(wanted.responses[status]?.headers ?? {});
  const about = operations().filter(
    ({ route }) => /^GET .*\{customerId\}/.test(route) || route === 'POST /v1/customers/lookup',
  );
  expect(about).toHaveLength(8);
  for (const wanted of about) {
    const scoped = ['Touchstone-Revision', 'Touchstone-Stale', 'Touchstone-Parked'];
    expect([wanted.route, headersOf(wanted, '200')]).toEqual([wanted.route, scoped]);
  }
  const repeatable = operations().filter((one) => taken(one).includes('Idempotency-Key'));
  for (const wanted of repeatable.filter(({ route }) => route !== 'POST /v1/bulk')) {
    expect([wanted.route, headersOf(wanted, '201')]).toEqual([wanted.route, ['Idempotent-Replayed']]);
  }
  for (const name of ['Touchstone-Parked', 'Idempotent-Replayed']) {
    expect(told.components.headers[name]).toMatchObject({ description: expect.any(String) });
  }
});

it('a key’s name is as long as is said, and a longer one is refused by name', async () => {
  const { maxLength } = named('CreateApiKey').properties.name;
  const create = (name: string) => api.post('/v1/keys', { name, roles: ['analyst'] });
  expect((await create('x'.repeat(maxLength))).status).toBe(201);
  for (const name of ['x'.repeat(maxLength + 1), '', ' \u00a0']) {
    const answer = await create(name);
    expectProblem(answer, 400, 'invalid-body');
    expect(answer.body.errors).toEqual([{ pointer: '/name', message: expect.any(String) }]);
  }
});
