import { pause } from '#libs/core';
import { somebody, touchpoint } from '../../e2e/client';
import type { Client, Loose } from '../../e2e/client';
import { DistributedServer } from '../../e2e/distributed-server';
import { eventually } from '../../e2e/wait';
import { seeded } from '../random';

/** Kills of each kind; activations only where a number is given: each takes about a minute. */
const ASKED = process.env['VERSION_KILLS'];
const KILLS = Number(ASKED ?? 1);
const SEED = Number(process.env['SEED'] ?? 20_260_301);
const CUSTOMERS = 60;
const EVENTS_EACH = 20;
/** The task's owner may be dead: then another process takes it over when its lease is over. */
const DEADLINE_MS = 150_000;
/** A build of this ledger takes about this long; a kill falls somewhere into it. */
const BUILD_MS = 2_500;

jest.setTimeout(240_000 + KILLS * 120_000);

const random = seeded(SEED);
const customers = Array.from({ length: CUSTOMERS }, () => somebody());
let server: DistributedServer;
let api: Client;

beforeAll(async () => {
  server = await DistributedServer.start({}, { processes: { projector: 2 } });
  api = server.client();
  const lines = customers.flatMap((customer, i) =>
    Array.from({ length: EVENTS_EACH }, (_, n) => (n % 4 === 3 ? purchase(customer, i, n) : talk(customer))),
  );
  expect((await api.bulk(lines)).body).toMatchObject({ rejected: 0 });
});
afterAll(() => server.dispose());

const talk = (customer: Loose): Loose => ({ command: 'touchpoint', ...touchpoint({ customer }) });
const purchase = (customer: Loose, i: number, n: number): Loose => ({
  command: 'purchase',
  customer,
  orderId: `order-${n}`,
  total: { amount: String(1 + i), currency: 'EUR' },
  occurredAt: new Date(Date.UTC(2025, i % 12, 1 + n)).toISOString(),
});

/** Kills both projectors at some moment of a build, while commands come in, and starts them again. */
async function killProjectors(): Promise<void> {
  const stop = new AbortController();
  const writing = (async () => {
    for (let i = 0; !stop.signal.aborted; i++) {
      await api.post('/v1/touchpoints', touchpoint({ customer: customers[i % CUSTOMERS] }));
    }
  })();
  await pause(random() * BUILD_MS);
  await Promise.all(server.all('projector').map((projector) => projector.end('SIGKILL')));
  await Promise.all(server.all('projector').map((projector) => projector.start()));
  stop.abort();
  await writing;
}

async function sound(): Promise<void> {
  const verified = await api.verified('readmodels');
  expect(verified).toMatchObject({
    state: 'done',
    ok: true,
    readModels: { differing: 0, undecided: 0, parked: 0 },
  });
  expect(await api.all('/v1/customers?limit=50')).toHaveLength(CUSTOMERS);
}

it('a rebuild whose projectors are killed is taken over, and what serves is right', async () => {
  for (let kill = 0; kill < KILLS; kill++) {
    const rebuildId = await api.begin('/v1/projections/all/rebuild', DEADLINE_MS);
    await killProjectors();
    expect(await api.ended(rebuildId, DEADLINE_MS)).toMatchObject({ state: 'done' });
    await sound();
  }
});

(ASKED === undefined ? it.skip : it)(
  'an activation whose projectors are killed is recorded and served, once',
  async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const { modelId } = await api.accept('/v1/models', {
        kind: 'rfm',
        asOf: `2026-01-0${1 + (kill % 9)}T00:00:00Z`,
      });
      const rebuildId = await api.begin(`/v1/models/${modelId}/activate`, DEADLINE_MS);
      await killProjectors();
      expect(await api.ended(rebuildId, DEADLINE_MS)).toMatchObject({ state: 'done' });
      const found = (await api.get('/v1/models')).body.items.find((one: Loose) => one.modelId === modelId);
      expect(found).toMatchObject({ active: true, activatedAt: [expect.any(String)] });
      await eventually('its segments serve', async () => {
        const [segment] = (await api.get('/v1/segments')).body.items;
        return segment?.model.version === modelId ? true : undefined;
      });
      await sound();
    }
  },
);
