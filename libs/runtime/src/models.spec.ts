import { EngineError } from '#libs/core';
import type { EventLog } from '#libs/core';
import { RFM_STREAM } from '#libs/events';
import { RFM_TABLE } from '#libs/insight';
import type { RfmModel } from '#libs/insight';
import { parseEnvelope } from '#libs/trust';
import { buy, accepted, byEmail, TestLedger, withMethods } from '#libs/testing';
import type { FitOutcome, ModelWriter } from './model-writer';
import { Models, projectionsOf } from './models';

const ACTOR = { kind: 'user', id: 'usr_test' } as const;
const OTHER = { kind: 'service', id: 'svc_other' } as const;
const AS_OF = '2026-01-31T12:00:00.000Z';

let test: TestLedger;
let models: Models;
let writer: ModelWriter;
/** How often a model was computed. */
let fits: number;

beforeEach(async () => {
  test = await TestLedger.open();
  models = new Models(test.log);
  writer = test.modelWriter(models);
  fits = 0;
});
afterEach(() => test.dispose());

const modelOf = (modelId: string, asOf = AS_OF): RfmModel => ({
  modelId,
  kind: 'rfm',
  asOf,
  currency: 'EUR',
  edges: { recency: [1, 2, 3, 4], frequency: [1, 1, 2, 9], monetary: ['-1.50', '0', '10', '20.000001'] },
  table: RFM_TABLE,
  through: 7,
  population: 4,
});

interface Asked {
  readonly by?: ModelWriter;
  readonly asOf?: string;
  readonly actor?: typeof ACTOR | typeof OTHER;
}

function fit(idempotencyKey?: string, { by = writer, asOf = AS_OF, actor = ACTOR }: Asked = {}) {
  return by.fit({ actor, asOf, idempotencyKey }, async (modelId) => {
    fits++;
    return modelOf(modelId, asOf);
  });
}

async function fitted(outcome: Promise<FitOutcome>): Promise<RfmModel & { replayed: boolean }> {
  const result = await outcome;
  if (result.outcome !== 'fitted') throw new Error(result.outcome);
  return { ...result.model, replayed: result.replayed };
}

const envelopes = async () =>
  (await test.log.readStream(RFM_STREAM, 0, 100)).map(({ env }) => parseEnvelope(env));

async function sound(): Promise<void> {
  expect(await test.verify()).toMatchObject({ faultCount: 0, faults: [] });
}

describe('fitting', () => {
  it('records a model whole, in a stream that is nobody’s', async () => {
    await accepted(test.ledger.execute(buy(byEmail('a@x.com'))));
    const { replayed, ...model } = await fitted(fit());
    expect(replayed).toBe(false);
    expect(model).toEqual(modelOf(model.modelId));
    const [env] = await envelopes();
    expect(env).toMatchObject({
      type: 'segment-model-fitted.v1',
      stream: 'segment-rfm',
      rev: 0,
      actor: ACTOR,
      at: '2026-02-03T04:05:06.789Z',
      data: model,
      sealed: {},
    });
    expect(env).not.toHaveProperty('idem');
    expect(await new Models(test.log).list()).toEqual([
      { model, fittedAt: '2026-02-03T04:05:06.789Z', activatedAt: [] },
    ]);
    await sound();
  });

  it('twice gives two models, the second after the first', async () => {
    const [first, second] = [await fitted(fit()), await fitted(fit())];
    expect(second.modelId > first.modelId).toBe(true);
    expect((await models.list()).map(({ model }) => model.modelId)).toEqual([first.modelId, second.modelId]);
    expect((await envelopes()).map(({ rev }) => rev)).toEqual([0, 1]);
    await sound();
  });

  it('nobody records nothing', async () => {
    const outcome = await writer.fit(
      { actor: ACTOR, asOf: AS_OF, idempotencyKey: 'k' },
      async () => undefined,
    );
    expect(outcome).toEqual({ outcome: 'nobody' });
    expect(await envelopes()).toEqual([]);
    await sound();
    // The key is not used up.
    expect(await fitted(fit('k'))).toMatchObject({ replayed: false });
  });

  it('with a key that was used gives the first answer again, and computes nothing', async () => {
    const first = await fitted(fit('key-1'));
    await fitted(fit());
    const again = await fitted(fit('key-1'));
    expect(again).toEqual({ ...first, replayed: true });
    const elsewhere = test.modelWriter(new Models(test.log));
    expect(await fitted(fit('key-1', { by: elsewhere }))).toEqual({ ...first, replayed: true });
    expect(fits).toBe(2);
    expect(await envelopes()).toHaveLength(2);
    await sound();
  });

  it('with a key that was used for something else is refused; another caller’s key is another key', async () => {
    await fitted(fit('key-1'));
    expect(await fit('key-1', { asOf: '2026-01-30T12:00:00.000Z' })).toEqual({ outcome: 'reused' });
    expect(await fitted(fit('key-1', { actor: OTHER }))).toMatchObject({ replayed: false });
    expect(await envelopes()).toHaveLength(2);
    await sound();
  });

  it('goes through once where the answer of the log was lost', async () => {
    let lost = 1;
    const log = (inner: EventLog): EventLog => {
      const append: EventLog['append'] = async (request) => {
        const result = await inner.append(request);
        if (lost-- > 0) throw new EngineError('no answer');
        return result;
      };
      return withMethods(inner, { append });
    };
    const unlucky = test.modelWriter(models, { log });
    await expect(fit('key-1', { by: unlucky })).rejects.toThrow('no answer');
    expect(await fitted(fit('key-1', { by: unlucky }))).toMatchObject({ replayed: true });
    expect(await envelopes()).toHaveLength(1);
    await sound();
  });
});

describe('two writers at once', () => {
  it('make one row of keys and one chain', async () => {
    const writers = [1, 2, 3, 4].map(() => test.modelWriter(new Models(test.log)));
    const made = await Promise.all(
      writers.flatMap((by) => [fitted(fit(undefined, { by })), fitted(fit(undefined, { by }))]),
    );
    expect(new Set(made.map(({ modelId }) => modelId)).size).toBe(8);
    expect((await envelopes()).map(({ rev }) => rev)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await models.list()).toHaveLength(8);
    await sound();
  });

  it('with one key record one model, and both answer it', async () => {
    const writers = [1, 2, 3].map(() => test.modelWriter(new Models(test.log)));
    const made = await Promise.all(writers.map((by) => fitted(fit('key-1', { by }))));
    expect(new Set(made.map(({ modelId }) => modelId)).size).toBe(1);
    expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await envelopes()).toHaveLength(1);
    await sound();
  });

  it('with one key for different requests: one is refused', async () => {
    const [one, two] = [test.modelWriter(new Models(test.log)), test.modelWriter(new Models(test.log))];
    const outcomes = await Promise.all([
      fit('key-1', { by: one }),
      fit('key-1', { by: two, asOf: '2026-01-30T12:00:00.000Z' }),
    ]);
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['fitted', 'reused']);
    expect(await envelopes()).toHaveLength(1);
  });
});

describe('activating', () => {
  it('is a history: which model was active when', async () => {
    expect(await models.active()).toBeUndefined();
    test.clock.set('2026-03-01T00:00:00.000Z');
    const { modelId: first } = await fitted(fit());
    const { modelId: second } = await fitted(fit());
    expect(await models.active()).toBeUndefined();
    for (const [at, model] of [
      ['2026-03-02T00:00:00.000Z', first],
      ['2026-03-04T00:00:00.000Z', second],
      ['2026-03-06T00:00:00.000Z', first],
    ] as const) {
      test.clock.set(at);
      await writer.activated(model, ACTOR);
    }
    const late = new Models(test.log);
    for (const known of [models, late]) {
      expect(await known.active()).toBe(first);
      expect(await known.active('2026-03-01T23:59:59.999Z')).toBeUndefined();
      expect(await known.active('2026-03-02T00:00:00.000Z')).toBe(first);
      expect(await known.active('2026-03-03T00:00:00.000Z')).toBe(first);
      expect(await known.active('2026-03-05T00:00:00.000Z')).toBe(second);
      expect(await known.active('2027-01-01T00:00:00.000Z')).toBe(first);
      expect((await known.list()).map(({ activatedAt }) => activatedAt)).toEqual([
        ['2026-03-02T00:00:00.000Z', '2026-03-06T00:00:00.000Z'],
        ['2026-03-04T00:00:00.000Z'],
      ]);
    }
    await sound();
  });

  it('the active one again is said once', async () => {
    const { modelId } = await fitted(fit());
    await writer.activated(modelId, ACTOR);
    await writer.activated(modelId, OTHER);
    await test.modelWriter(new Models(test.log)).activated(modelId, ACTOR);
    expect((await envelopes()).map(({ type }) => type)).toEqual([
      'segment-model-fitted.v1',
      'segment-activated.v1',
    ]);
  });

  it('is never before what was recorded before it, whatever the clock says', async () => {
    const { modelId } = await fitted(fit());
    test.clock.set('2025-01-01T00:00:00.000Z');
    await writer.activated(modelId, ACTOR);
    expect((await envelopes()).map(({ at }) => at)).toEqual([
      '2026-02-03T04:05:06.789Z',
      '2026-02-03T04:05:06.789Z',
    ]);
    await sound();
  });
});

it('reads more models than a page holds, and those that another process fitted meanwhile', async () => {
  const elsewhere = new Models(test.log);
  await fitted(fit());
  expect(await elsewhere.list()).toHaveLength(1);
  for (let i = 0; i < 105; i++) await fitted(fit());
  const [one, two] = await Promise.all([elsewhere.list(), elsewhere.list()]);
  expect([one.length, two.length]).toEqual([106, 106]);
  const last = one.at(-1)?.model.modelId ?? '';
  expect(await elsewhere.find(last)).toEqual(modelOf(last));
  expect(await elsewhere.find('01930000-0000-7000-8000-00000000dead')).toBeUndefined();
  const set = projectionsOf(elsewhere);
  expect((await set.with(last)).find(({ name }) => name === 'segments')?.model).toBe(last);
  await expect(set.with('01930000-0000-7000-8000-00000000dead')).rejects.toThrow('no model');
});
