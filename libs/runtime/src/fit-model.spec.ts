import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import type { DocumentGroup } from '#libs/core';
import { RFM_TABLE } from '#libs/insight';
import { projections } from '#libs/projections';
import { accepted, buy, byEmail, poisoned, TestLedger } from '#libs/testing';
import { fitModel } from './fit-model';
import { ModelCommands } from './model-commands';
import { Models } from './models';
import { Projector } from './projector';
import { fixedSet } from './projection-set';
import type { ProjectionAdmin } from './projection-admin';

const MODEL_ID = '01930000-0000-7000-8000-00000000000a';
const ACTOR = { kind: 'user', id: 'usr_test' } as const;
const AUDIT = resolve(__dirname, '../../../scripts/audit.py');
/** The clock of these tests stands on 2026-02-03. */
const AS_OF = '2026-02-03T00:00:00.000Z';

let test: TestLedger;
let running: Projector[];
let store: ReturnType<TestLedger['store']>;

beforeEach(async () => {
  test = await TestLedger.open();
  store = test.store();
  running = [];
});
afterEach(async () => {
  for (const projector of running) await projector.stop();
  await test.dispose();
});

async function bought(who: string, day: string, amount: string, currency = 'EUR'): Promise<void> {
  const body = { occurredAt: `${day}T08:00:00.000Z`, total: { amount, currency }, orderId: `${who}-${day}` };
  await accepted(test.ledger.execute(buy(byEmail(`${who}@x.com`), body)));
}

async function start(plain = projections): Promise<Projector> {
  const ports = { log: test.log, feed: test.feed(), store, keyring: test.keyring() };
  const projector = new Projector({ ...ports, projections: fixedSet(plain) }, () => undefined);
  running.push(projector);
  await projector.start();
  return projector;
}

const purchases = async (): Promise<DocumentGroup> =>
  store.open((await store.pointers())[0]?.group ?? '', projections);
const fit = (asOf = AS_OF) => fitModel({ log: test.log, feed: test.feed(), purchases }, MODEL_ID, asOf);

/** Five customers, one edge apart. */
async function five(): Promise<void> {
  await bought('a', '2026-02-02', '10');
  for (const day of ['2026-01-30', '2026-01-31']) await bought('b', day, '10.50');
  for (const day of ['2026-01-20', '2026-01-21', '2026-01-22']) await bought('c', day, '10');
  for (const day of ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04']) await bought('d', day, '10');
  await bought('e', '2025-02-03', '999.999999');
}

it('takes the edges of everybody who had bought by then, from all that the log held', async () => {
  await five();
  await start();
  expect(await fit()).toEqual({
    modelId: MODEL_ID,
    kind: 'rfm',
    asOf: AS_OF,
    currency: 'EUR',
    // Ascending values, the ones at 20, 40, 60 and 80 per cent.
    edges: {
      recency: [1, 3, 12, 30],
      frequency: [1, 1, 2, 3],
      monetary: ['10', '21', '30', '40'],
    },
    table: RFM_TABLE,
    through: await test.log.lastPosition(),
    population: 5,
  });
});

it('does not see what came later, and counts the usual currency alone', async () => {
  await five();
  for (const day of ['2026-02-05', '2026-02-06']) await bought('a', day, '5000').catch(() => undefined);
  await bought('f', '2026-01-01', '7', 'JPY');
  await start();
  const [early, now] = [await fit('2025-03-01T00:00:00.000Z'), await fit()];
  expect(early).toMatchObject({ population: 1, edges: { frequency: [1, 1, 1, 1] } });
  expect(now).toMatchObject({ currency: 'EUR', population: 6 });
  expect(await fit('2025-01-01T00:00:00.000Z')).toBeUndefined();
});

it('takes the first in the alphabet of currencies that are as usual', async () => {
  await bought('a', '2026-01-01', '7', 'USD');
  await bought('b', '2026-01-01', '7', 'CHF');
  await start();
  expect(await fit()).toMatchObject({ currency: 'CHF' });
});

it('waits for the purchases that the log holds already', async () => {
  await (await start()).stop();
  await five();
  let asked = 0;
  const late = async (): Promise<DocumentGroup> => {
    if (++asked === 2) await start();
    return purchases();
  };
  const model = await fitModel({ log: test.log, feed: test.feed(), purchases: late }, MODEL_ID, AS_OF);
  expect(model).toMatchObject({ population: 5 });
  expect(asked).toBeGreaterThan(2);
});

it('is not held up by a customer who is parked', async () => {
  await five();
  const at = ({ revision }: { revision: number }): boolean => revision === 4;
  await start(poisoned(projections, { projection: 'timeline', at }));
  expect(await fit()).toMatchObject({ population: 5 });
});

describe('commands', () => {
  let models: Models;
  let asked: string[];
  beforeEach(() => {
    models = new Models(test.log);
    asked = [];
  });
  const commands = (busy = false): ModelCommands => {
    const activate: ProjectionAdmin['activate'] = async (model) => {
      asked.push(model);
      return busy ? undefined : 'rebuild-1';
    };
    const { log, clock } = test;
    return new ModelCommands({
      log,
      feed: test.feed(),
      purchases,
      models,
      writer: test.modelWriter(models),
      admin: { activate },
      clock,
    });
  };

  it('fit and record; auditors’ tools accept the stream that is nobody’s', async () => {
    await five();
    await start();
    const outcome = await commands().fit({ actor: ACTOR, asOf: AS_OF, idempotencyKey: 'k' });
    expect(outcome).toMatchObject({ outcome: 'fitted', replayed: false, model: { population: 5 } });
    expect(await commands().fit({ actor: ACTOR, asOf: AS_OF, idempotencyKey: 'k' })).toEqual({
      ...outcome,
      replayed: true,
    });
    const [found] = await models.list();
    await test.modelWriter(models).activated(found?.model.modelId ?? '', ACTOR);
    expect(await test.verify()).toMatchObject({ streams: 6, faultCount: 0 });
    const told = execFileSync('python3', [AUDIT, 'ledger', join(test.directory.path), '--json'], {
      encoding: 'utf8',
    });
    expect(JSON.parse(told)).toMatchObject({ ok: true, streams: 6, faults: 0, listed: [] });
  });

  it('refuse what lies too far ahead, and a model that nobody fitted', async () => {
    await start();
    expect(await commands().fit({ actor: ACTOR, asOf: '2026-02-04T04:05:06.790Z' })).toEqual({
      outcome: 'in-future',
    });
    expect(await commands().fit({ actor: ACTOR, asOf: '2026-02-04T04:05:06.789Z' })).toEqual({
      outcome: 'nobody',
    });
    expect(await commands().activate(MODEL_ID, ACTOR)).toBe('unknown');
    expect(asked).toEqual([]);
  });

  it('ask for an activation, and say when something else is running', async () => {
    await five();
    await start();
    const outcome = await commands().fit({ actor: ACTOR, asOf: AS_OF });
    const id = outcome.outcome === 'fitted' ? outcome.model.modelId : '';
    expect(await commands().activate(id, ACTOR)).toEqual({ rebuildId: 'rebuild-1' });
    expect(await commands(true).activate(id, ACTOR)).toBe('busy');
    expect(asked).toEqual([id, id]);
  });
});
