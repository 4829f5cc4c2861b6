import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client, expectProblem, touchpoint } from './client';
import type { Loose } from './client';
import { ROOT, Server } from './server';

jest.setTimeout(60_000);

let server: Server;
let api: Client;

beforeAll(async () => {
  server = await Server.start();
  api = server.client();
});
afterAll(() => server.dispose());

it('is AsyncAPI 3.0 with a message for each golden event, for every role and nobody else', async () => {
  const { status, headers, body } = await (await api.as('service')).get('/asyncapi.json');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(body.asyncapi).toMatch(/^3\.0\./);
  const golden = readdirSync(join(ROOT, 'libs/events/golden')).map((file) => file.replace('.json', ''));
  expect(Object.keys(body.channels.events.messages).toSorted()).toEqual(golden.toSorted());
  expectProblem(await new Client(server.url, undefined).get('/asyncapi.json'), 401, 'unauthenticated');
});

it('describes the clear fields of what the ledger really records', async () => {
  const said = touchpoint({ subject: 'sealed', content: 'sealed' });
  const { eventId } = await api.accept('/v1/touchpoints', said);
  const record = await api.get(`/v1/events/${eventId}`);
  const { env, sealed }: Loose = record.body;
  const { body } = await api.get('/asyncapi.json');
  const { properties } = body.components.schemas[env.type];
  const described = (schema: Loose): string[] => Object.keys(schema.properties);
  expect(described(properties.env)).toEqual(expect.arrayContaining(Object.keys(env)));
  expect(described(properties.env.properties.data)).toEqual(expect.arrayContaining(Object.keys(env.data)));
  expect(described(properties.sealed)).toEqual(expect.arrayContaining(Object.keys(sealed)));
  expect(Object.keys(sealed)).toEqual(['/service']);
  expect(described(properties.env.properties.data)).not.toContain('content');
});
