import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '#libs/core';
import { somebody, touchpoint } from '../e2e/client';
import type { Client, Loose } from '../e2e/client';
import { Server } from '../e2e/server';
import { eventually } from '../e2e/wait';
import { CarelessBuild } from './careless-build';
import { verifyEverything } from './invariants';
import { seeded } from './random';

/** Of each kind; `KILLS=30 npx jest test/faults/read-models` for the long run, `SEED=` repeats one. */
const KILLS = Number(process.env['KILLS'] ?? 2);
const SEED = Number(process.env['SEED'] ?? 20_260_201);
const CUSTOMERS = 250;
const EVENTS_EACH = 8;
/** Of the one who gets parked: more than one commit drains. */
const EVENTS_OF_ONE = 2_600;
const PARKED_AT = 700;
const WRITERS = 3;
const DEADLINE_MS = 60_000;

jest.setTimeout(90_000 + KILLS * 60_000);

const random = seeded(SEED);
const customers = Array.from({ length: CUSTOMERS }, () => somebody());
const one = somebody();
let server: Server;
let sent = 0;

beforeAll(async () => {
  server = await Server.start();
  const many = customers.flatMap((customer, i) =>
    Array.from({ length: EVENTS_EACH }, (_, n) => (n % 4 === 3 ? purchase(customer, i) : talk(customer))),
  );
  await send([...many, ...Array.from({ length: EVENTS_OF_ONE }, () => talk(one))]);
});
afterAll(() => server.dispose());

const talk = (customer: Loose): Loose => ({
  command: 'touchpoint',
  ...touchpoint({ customer, content: `words ${sent}`, source: { system: 'faults', id: `t-${sent++}` } }),
});
const purchase = (customer: Loose, i: number): Loose => ({
  command: 'purchase',
  customer,
  orderId: `order-${sent++}`,
  total: { amount: String(1 + i), currency: 'EUR' },
  occurredAt: new Date(Date.UTC(2025, i % 12, 1 + (i % 28))).toISOString(),
});

async function send(lines: readonly Loose[]): Promise<void> {
  for (let from = 0; from < lines.length; from += 1_000) {
    const { body } = await server.client().bulk(lines.slice(from, from + 1_000));
    if (body.rejected !== 0) throw new Error(JSON.stringify(body).slice(0, 500));
  }
}

/** Writes until the server is gone. */
async function traffic(api: Client): Promise<void> {
  const writers = Array.from({ length: WRITERS }, async () => {
    for (;;) {
      const customer = customers[Math.floor(random() * CUSTOMERS)];
      await api.post('/v1/touchpoints', touchpoint({ customer, content: 'meanwhile' }));
    }
  });
  await Promise.allSettled(writers);
}

async function killAndStart(withinMs: number, root?: string): Promise<void> {
  await pause(random() * withinMs);
  await server.kill();
  server = await Server.start({ home: server.home, ...(root === undefined ? {} : { root }) });
}

/** Kills the server at some moment of the next `withinMs`, while commands come in, and starts it again. */
async function killWithin(withinMs: number, root?: string): Promise<void> {
  await Promise.all([traffic(server.client()), killAndStart(withinMs, root)]);
}

/** In turns while it builds and commands come in, and around its end, where it switches: that is sooner when all is quiet. */
async function killDuring(rebuildId: string, kill: number): Promise<void> {
  if (kill % 2 === 0) return killWithin(900);
  await eventually(
    'the task compares',
    async () => {
      const { body } = await server.client().get(`/v1/rebuilds/${rebuildId}`);
      return ['comparing', 'done'].includes(body.state) ? true : undefined;
    },
    DEADLINE_MS,
  );
  return killAndStart(1_500);
}

const projections = async (): Promise<Loose[]> => (await server.client().get('/v1/projections')).body;

async function finished(path: string): Promise<Loose> {
  const api: Client = server.client();
  return api.ended(await api.begin(path), DEADLINE_MS);
}

/** Every customer is there, nothing differs from the log, and no group is left over. */
async function sound(): Promise<void> {
  const api = server.client();
  await eventually(
    'all is folded',
    async () => ((await projections()).every(({ lagEvents }) => lagEvents === 0) ? true : undefined),
    DEADLINE_MS,
  );
  expect(await api.verified('readmodels')).toMatchObject({
    state: 'done',
    ok: true,
    readModels: { differing: 0, undecided: 0, parked: 0 },
  });
  expect(await api.all('/v1/customers?limit=100')).toHaveLength(CUSTOMERS + 1);
  const groups = readdirSync(join(server.directory, 'documents')).filter((file) => /^g\d+\.db$/.test(file));
  // What serves and what served before: at most two of each projection.
  const serving = new Set((await projections()).map(({ group }) => group));
  expect(groups.length).toBeLessThanOrEqual(2 * serving.size + 1);
}

function report(fault: string, found: Readonly<Record<string, number>>): void {
  const line = { fault: `kill -9 during ${fault}`, seed: SEED, trials: KILLS, ...found };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

test('kill -9 during a rebuild: what served serves on, and the next rebuild goes through', async () => {
  let switched = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const before = await projections();
    await killDuring(await server.client().begin('/v1/projections/all/rebuild'), kill);
    const after = await projections();
    expect(after.map(({ name }) => name)).toEqual(before.map(({ name }) => name));
    if (after[0].group !== before[0].group) switched++;
    // All of them moved, or none.
    expect(new Set(after.map(({ group }) => group)).size).toBe(1);
    await sound();
  }
  expect(await finished('/v1/projections/all/rebuild')).toMatchObject({
    state: 'done',
    parity: { differing: 0, undecided: 0 },
  });
  expect(await finished('/v1/projections/all/rollback')).toMatchObject({ state: 'done' });
  await sound();
  report('a rebuild', { switched });
});

test('stopped in the middle of a rebuild it ends in order, and the next start is as it was', async () => {
  const before = await projections();
  await server.client().begin('/v1/projections/all/rebuild');
  expect(await server.stop()).toMatchObject({ code: 0 });
  server = await Server.start({ home: server.home });
  expect((await projections())[0].group).toBe(before[0]?.['group']);
  await sound();
});

/** The model that is recorded as active, and the one whose segments serve. */
async function models(): Promise<{ readonly active: unknown; readonly serving: unknown }> {
  const { body } = await server.client().get('/v1/models');
  const active = body.items.find((model: Loose) => model.active)?.modelId;
  return { active, serving: (await projections()).find(({ name }) => name === 'segments')?.model };
}

test('kill -9 during an activation: record and read models agree in the end', async () => {
  let activated = 0;
  let switched = 0;
  const fit = async (asOf: string): Promise<string> =>
    (await server.client().accept('/v1/models', { kind: 'rfm', asOf })).modelId;
  const fitted = [await fit('2025-06-30T00:00:00.000Z'), await fit('2025-12-31T00:00:00.000Z')];
  for (let kill = 0; kill < KILLS; kill++) {
    const model = fitted[kill % 2] ?? '';
    const before = await models();
    expect(before.active).toBe(before.serving);
    await killDuring(await server.client().begin(`/v1/models/${model}/activate`), kill);
    const found = await models();
    if (found.active !== before.active) activated++;
    if (found.serving !== before.serving) switched++;
    await eventually(
      'what is active serves',
      async () => {
        const { active, serving } = await models();
        return active === serving ? true : undefined;
      },
      DEADLINE_MS,
    );
    expect([before.active, model]).toContain((await models()).active);
    await sound();
  }
  for (const model of fitted) {
    expect(await finished(`/v1/models/${model}/activate`)).toMatchObject({ state: 'done' });
    expect(await models()).toEqual({ active: model, serving: model });
  }
  expect(await finished('/v1/projections/segments/rollback')).toMatchObject({ state: 'done' });
  expect(await models()).toEqual({ active: fitted[0], serving: fitted[0] });
  await sound();
  report('an activation', { activated, switched });
});

test('kill -9 while a customer is parked and drained: nobody else is touched, nothing is lost', async () => {
  const { body } = await server.client().post('/v1/customers/lookup', { identifier: one.identifiers[0] });
  const { customerId } = body;
  const careless = new CarelessBuild(customerId, PARKED_AT);
  const profile = () => server.client().get(`/v1/customers/${customerId}`);
  // A build with a careless fold reads the log anew, and is killed on the way, and again while it serves.
  await server.stop();
  server = await Server.start({ home: server.home, root: careless.root });
  for (let kill = 0; kill < KILLS; kill++) {
    await server.client().begin('/v1/projections/all/rebuild');
    await killWithin(900, careless.root);
  }
  expect(await finished('/v1/projections/all/rebuild')).toMatchObject({ state: 'done' });
  await send([...customers.slice(0, 50).map(talk), talk(one)]);
  await eventually('the others are folded', async () =>
    (await projections()).every(({ lagEvents }) => lagEvents === 0) ? true : undefined,
  );
  for (const { parkedCount, parked } of await projections()) {
    expect(parkedCount).toBe(1);
    const reason = `revision ${PARKED_AT} (touchpoint-recorded.v1), timeline: TypeError`;
    expect(parked).toEqual([{ customerId, revision: PARKED_AT - 1, since: expect.any(String), reason }]);
  }
  expect((await profile()).headers.get('touchstone-parked')).toMatch(/^\d{4}-.*Z$/);
  expect(await finished('/v1/projections/all/retry')).toMatchObject({ state: 'done', parked: 1 });
  expect(server.output).not.toContain('no subject');
  await server.kill();
  // The mended build drains from its start on; it is killed meanwhile.
  server = await Server.start({ home: server.home });
  let further = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    await killWithin(350);
    const [{ parked }] = await projections();
    if (parked.length > 0 && parked[0].revision >= PARKED_AT) further++;
  }
  await eventually(
    'nobody is parked',
    async () => ((await projections()).every(({ parkedCount }) => parkedCount === 0) ? true : undefined),
    DEADLINE_MS,
  );
  await sound();
  expect((await profile()).headers.get('touchstone-parked')).toBeNull();
  const timeline = await server.client().all(`/v1/customers/${customerId}/timeline?limit=200`);
  expect(timeline).toHaveLength(EVENTS_OF_ONE + 1);
  await verifyEverything(server);
  careless.dispose();
  report('a drain', { parkedFurtherOn: further });
});
