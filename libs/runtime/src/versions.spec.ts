import type { Document, DocumentGroup, DocumentStore, EventFeed } from '#libs/core';
import { EngineError } from '#libs/core';
import { RFM_STREAM } from '#libs/events';
import { projections } from '#libs/projections';
import { parseEnvelope } from '#libs/trust';
import {
  accepted,
  buy,
  byEmail,
  eventually,
  interruptedStore,
  numbered,
  say,
  spreadModel,
  TestLedger,
  withMethods,
} from '#libs/testing';
import type { Interruption } from '#libs/testing';
import type { ModelWriter } from './model-writer';
import { Models, projectionsOf } from './models';
import { openGroup } from './open-group';
import { Projector } from './projector';
import type { RebuildStatus } from './projector';
import type { ProjectionSet } from './projection-set';

const NAMES = projections.map(({ name }) => name);
const ACTOR = { kind: 'user', id: 'usr_test' } as const;

let test: TestLedger;
let store: ReturnType<TestLedger['store']>;
let models: Models;
let writer: ModelWriter;
let set: ProjectionSet;
let [running, faults, told, sent]: [Projector[], Error[], RebuildStatus[], number] = [[], [], [], 0];

beforeEach(async () => {
  test = await TestLedger.open();
  store = test.store();
  models = new Models(test.log);
  writer = test.modelWriter(models);
  set = projectionsOf(models);
  [running, faults, told, sent] = [[], [], [], 0];
  await talk(8);
});
afterEach(async () => {
  for (const projector of running) await projector.stop();
  await test.dispose();
});

async function talk(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const customer = byEmail(`c${sent % 4}@x.com`);
    await accepted(test.ledger.execute(say(customer, { content: `words ${sent}` })));
    const total = { amount: String(5 + sent), currency: 'EUR' };
    await accepted(test.ledger.execute(buy(customer, { orderId: `order-${sent++}`, total })));
  }
}

const report = (status: RebuildStatus): void => void told.push(status);

async function start(
  more: { store?: DocumentStore; feed?: EventFeed; alone?: boolean } = {},
): Promise<Projector> {
  const ports = { log: test.log, feed: test.feed(), store, keyring: test.keyring(), projections: set };
  const projector = new Projector({ ...ports, ...more }, (fault) => faults.push(fault));
  running.push(projector);
  await projector.start();
  return projector;
}

const rebuild = (projector: Projector, names = NAMES): Promise<unknown> =>
  projector.build({ taskId: 'rebuild', names, keep: true }, report);

async function activate(projector: Projector, model: string): Promise<void> {
  const ready = (): Promise<void> => writer.activated(model, ACTOR);
  const order = { taskId: 'activation', names: NAMES, keep: true, activate: { model, ready } };
  await projector.build(order, report);
}

async function rollBack(
  projector: Projector,
  names = NAMES,
  to?: string,
): Promise<RebuildStatus | undefined> {
  const ready = (model: string): Promise<void> => writer.activated(model, ACTOR);
  await projector.rollBack({ taskId: 'rollback', names, to, ready }, report);
  return told.at(-1);
}

/** Which group serves each projection, and which one did before. */
async function pointers(): Promise<Record<string, readonly (string | undefined)[]>> {
  const found = await store.pointers();
  return Object.fromEntries(
    found.map(({ projection, group, previous }) => [
      projection,
      [numbered(group), previous === undefined ? undefined : numbered(previous)],
    ]),
  );
}

const groupNumbers = async (): Promise<readonly string[]> => (await store.groups()).map(numbered);

async function idOf(number: string): Promise<string> {
  return (await store.groups()).find((id) => numbered(id) === number) ?? number;
}

/** Waits until all groups that serve stand at the end of the log; answers the one of a projection. */
async function served(projection = 'timeline'): Promise<DocumentGroup> {
  const last = await test.log.lastPosition();
  const groups = new Map<string, DocumentGroup>();
  for (const { projection: name, group } of await store.pointers()) {
    const known = (await store.madeWith(group)) ?? [];
    const model = known.find((made) => made.model !== undefined)?.model;
    const all = model === undefined ? set.plain : await set.with(model);
    const mine = all.filter((one) => known.some((made) => made.name === one.name));
    groups.set(name, await store.open(group, mine));
  }
  for (const group of new Set(groups.values())) {
    await eventually(`${group.id} is at the end`, async () => {
      return ((await group.checkpoint(0))?.position ?? 0) >= last;
    });
  }
  const found = groups.get(projection);
  if (found === undefined) throw new Error(`nothing serves ${projection}`);
  return found;
}

async function contents(projection: string): Promise<readonly (readonly [string, Document])[]> {
  return (await served(projection)).scan(projection, undefined, 10_000);
}

/** Nothing that serves differs from what the log says. */
async function sound(projector: Projector): Promise<void> {
  await served();
  const parity = await projector.build({ taskId: 'verify', names: NAMES, keep: false }, () => undefined);
  expect(parity).toMatchObject({ differing: 0, undecided: 0, parked: 0, examples: [] });
  expect(faults).toEqual([]);
}

/** A model whose edges are spread by `factor`, in the ledger. */
async function fitted(factor: number): Promise<string> {
  const asOf = '2026-01-31T12:00:00.000Z';
  const outcome = await writer.fit({ actor: ACTOR, asOf }, async (modelId) =>
    spreadModel(modelId, asOf, factor),
  );
  if (outcome.outcome !== 'fitted') throw new Error(outcome.outcome);
  return outcome.model.modelId;
}

async function activations(): Promise<readonly unknown[]> {
  const events = (await test.log.readStream(RFM_STREAM, 0, 100)).map(({ env }) => parseEnvelope(env));
  return events.filter(({ type }) => type === 'segment-activated.v1').map(({ data }) => data['modelId']);
}

describe('going back', () => {
  it('to what served before, caught up, and forward again, while commands come in', async () => {
    const projector = await start();
    await rebuild(projector);
    await served();
    await talk(3);
    for (const [from, to] of [
      ['g2', 'g1'],
      ['g1', 'g2'],
    ]) {
      const writing = talk(6);
      expect(await rollBack(projector)).toMatchObject({ rebuildId: 'rollback', state: 'done' });
      expect(await pointers()).toEqual(Object.fromEntries(NAMES.map((name) => [name, [to, from]])));
      await writing;
      expect(numbered((await served()).id)).toBe(to);
      await sound(projector);
    }
    expect(await groupNumbers()).toEqual(['g1', 'g2']);
    expect(await activations()).toEqual([]);
  });

  it('fails where nothing served before, and changes nothing', async () => {
    const projector = await start();
    const before = await pointers();
    expect(await rollBack(projector)).toMatchObject({
      state: 'failed',
      fault: 'no group of this build served all of them before',
    });
    expect(await pointers()).toEqual(before);
    expect(await groupNumbers()).toEqual(['g1']);
    await sound(projector);
  });

  it('is done once, also where a crash has it begun again after the switch', async () => {
    const projector = await start();
    await rebuild(projector);
    const first = await idOf('g1');
    for (let i = 0; i < 2; i++) {
      expect(await rollBack(projector, NAMES, first)).toMatchObject({ state: 'done' });
      expect(await pointers()).toMatchObject({ timeline: ['g1', 'g2'] });
    }
    await sound(projector);
  });

  it('fails where something else was switched since it was ordered', async () => {
    const projector = await start();
    const first = await idOf('g1');
    await rebuild(projector);
    await rebuild(projector);
    expect(await rollBack(projector, NAMES, first)).toMatchObject({ state: 'failed' });
    expect(await pointers()).toMatchObject({ timeline: ['g3', 'g2'] });
  });

  it('to a group that serves others all the time', async () => {
    const projector = await start();
    await rebuild(projector, ['timeline']);
    expect(await pointers()).toMatchObject({ timeline: ['g2', 'g1'], profile: ['g1', undefined] });
    await talk(2);
    expect(await rollBack(projector, ['timeline'])).toMatchObject({ state: 'done' });
    expect(await pointers()).toMatchObject({ timeline: ['g1', 'g2'], profile: ['g1', undefined] });
    expect([...projector.partitions().keys()].map(numbered)).toEqual(['g1']);
    await talk(2);
    await sound(projector);
  });

  it('to a group that is just being left follows it anew', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const feed = test.feed();
    const run: EventFeed['run'] = async (consumer, signal) => {
      await feed.run(consumer, signal);
      if (numbered(consumer.name) === 'g1') await released;
    };
    const mine = await start({ feed: withMethods<EventFeed>(feed, { run }) });
    await rebuild(await start());
    const followed = (): readonly string[] => [...mine.partitions().keys()].map(numbered);
    await eventually('the first group is left', async () => !followed().includes('g1'));
    const going = rollBack(mine);
    release();
    await talk(1);
    expect(await going).toMatchObject({ state: 'done' });
    expect(followed()).toContain('g1');
    await sound(mine);
  });

  it('is given up where the record can’t be written, and what serves goes on serving', async () => {
    const projector = await start();
    const [first, second] = [await fitted(1), await fitted(7)];
    await activate(projector, first);
    await activate(projector, second);
    const before = await pointers();
    const ready = () => Promise.reject(new Error('the log is away'));
    await projector.rollBack({ taskId: 'rollback', names: ['segments'], ready }, report);
    expect(told.at(-1)).toMatchObject({ state: 'failed', fault: 'the log is away' });
    expect(await pointers()).toEqual(before);
    await talk(2);
    await sound(projector);
    expect(await projector.servingModel()).toBe(second);
  });
});

describe('a model', () => {
  it('is recorded as active when its documents have caught up, before they serve', async () => {
    const projector = await start();
    await served();
    const model = await fitted(1);
    const seen: unknown[] = [];
    const ready = async (): Promise<void> => {
      seen.push(told.at(-1)?.state, (await pointers())['segments']);
      await writer.activated(model, ACTOR);
      seen.push(await activations(), (await pointers())['segments']);
    };
    const order = { taskId: 'activation', names: NAMES, keep: true, activate: { model, ready } };
    await projector.build(order, report);
    expect(seen).toEqual(['comparing', ['g1', undefined], [model], ['g1', undefined]]);
    const after = await pointers();
    expect(after).toEqual(Object.fromEntries(NAMES.map((name) => [name, ['g2', 'g1']])));
    const [[, document] = ['', {}]] = await contents('segments');
    expect(document).toMatchObject({ _projection: `segments@1+${model}`, segment: expect.any(String) });
    await sound(projector);
  });

  it('that serves is the one that the next build folds with, whatever older groups hold', async () => {
    const projector = await start();
    const [first, second] = [await fitted(1), await fitted(7)];
    await activate(projector, first);
    // One group that holds all, the segments of the first model too.
    await rebuild(projector);
    await activate(projector, second);
    expect(await projector.servingModel()).toBe(second);
    const before = await contents('segments');
    await rebuild(projector);
    expect(await projector.servingModel()).toBe(second);
    expect(await contents('segments')).toEqual(before);
    await sound(projector);
  });

  it('is active again after going back to it, and that is recorded; going back with others is not', async () => {
    const projector = await start();
    const [first, second] = [await fitted(1), await fitted(7)];
    await activate(projector, first);
    const before = await contents('segments');
    await activate(projector, second);
    expect(await contents('segments')).not.toEqual(before);
    expect(await rollBack(projector, ['segments'])).toMatchObject({ state: 'done' });
    expect(await activations()).toEqual([first, second, first]);
    expect(await contents('segments')).toEqual(before);
    expect(await models.active()).toBe(first);
    await rebuild(projector, ['timeline']);
    expect(await rollBack(projector, ['timeline'])).toMatchObject({ state: 'done' });
    expect(await activations()).toEqual([first, second, first]);
    await sound(projector);
  });

  it('can’t be gone back behind: the record would still call it active', async () => {
    const projector = await start();
    const model = await fitted(1);
    await activate(projector, model);
    const before = await pointers();
    expect(await rollBack(projector, ['segments'])).toMatchObject({
      state: 'failed',
      fault: 'no model was active before, and one that is can only be followed by another',
    });
    expect(await pointers()).toEqual(before);
    await sound(projector);
  });

  it('that can’t be recorded, or is not there, is not switched to', async () => {
    const projector = await start();
    const model = await fitted(1);
    const ready = () => Promise.reject(new Error('the log is away'));
    const order = { taskId: 'activation', names: NAMES, keep: true, activate: { model, ready } };
    await expect(projector.build(order, report)).rejects.toThrow('the log is away');
    expect(told.at(-1)).toMatchObject({ state: 'failed', fault: 'the log is away' });
    await expect(activate(projector, '01930000-0000-7000-8000-00000000dead')).rejects.toThrow('no model');
    expect(await groupNumbers()).toEqual(['g1']);
    await sound(projector);
  });
});

/** A projector over a store that is told when documents are written into a group, and when pointers move. */
const interrupted = (by: Interruption): Promise<Projector> => start({ store: interruptedStore(store, by) });

describe('a switch', () => {
  it('waits for what has come while old and new were compared', async () => {
    let held: Promise<void> | undefined;
    let release = (): void => undefined;
    const commit = async (id: string): Promise<void> => {
      if (numbered(id) === 'g2') await held;
    };
    const folded: (number | undefined)[] = [];
    const point = async (): Promise<void> => {
      const built = await openGroup(store, await idOf('g2'), set);
      if (built !== undefined) folded.push((await built.group.checkpoint(0))?.position);
    };
    const projector = await interrupted({ commit, point });
    const ready = async (): Promise<void> => {
      held = new Promise((resolve) => (release = resolve));
      await talk(2);
      await served();
      setImmediate(() => release());
    };
    const order = { taskId: 'late', names: NAMES, keep: true };
    await projector.build({ ...order, activate: { model: await fitted(1), ready } }, report);
    expect(folded).toEqual([await test.log.lastPosition()]);
  });

  it('that can’t even begin has failed, and says so', async () => {
    let away = false;
    const list = async (): Promise<readonly string[]> => {
      if (away) throw new EngineError('the store is away');
      return store.groups();
    };
    const projector = await start({ store: withMethods<DocumentStore>(store, { groups: list }) });
    away = true;
    await expect(rebuild(projector)).rejects.toThrow('the store is away');
    expect(told.at(-1)).toMatchObject({ state: 'failed', fault: 'the store is away' });
  });
});

describe('what is interrupted', () => {
  it('by a stop while it builds leaves what serves, nothing else, and the next start goes on', async () => {
    let stopping: Promise<void> | undefined;
    const commit = async (id: string): Promise<void> => {
      if (numbered(id) === 'g2') stopping ??= projector.stop();
    };
    const projector = await interrupted({ commit });
    await expect(rebuild(projector)).rejects.toThrow('stopped before it was done');
    await stopping;
    expect(told.at(-1)).toMatchObject({ state: 'failed' });
    expect(await groupNumbers()).toEqual(['g1']);
    await talk(2);
    const next = await start();
    await sound(next);
    await rebuild(next);
    expect(numbered((await served()).id)).toBe('g2');
  });

  it('by a stop while it goes back leaves what serves', async () => {
    const first = await start();
    await rebuild(first);
    await first.stop();
    await talk(2);
    let stopping: Promise<void> | undefined;
    const commit = async (id: string): Promise<void> => {
      if (numbered(id) === 'g1') stopping ??= second.stop();
    };
    const second = await interrupted({ commit });
    expect(await rollBack(second)).toMatchObject({ state: 'failed', fault: 'stopped before it was done' });
    await stopping;
    expect(await pointers()).toMatchObject({ timeline: ['g2', 'g1'] });
    const next = await start();
    await sound(next);
    expect(await rollBack(next)).toMatchObject({ state: 'done' });
    await sound(next);
  });

  it('after the pointers have moved has switched: the new group is not dropped', async () => {
    let away = false;
    const point = async (): Promise<void> => {
      if (away) throw new Error('no answer');
    };
    const projector = await interrupted({ point });
    away = true;
    await expect(rebuild(projector)).rejects.toThrow('no answer');
    away = false;
    expect(await pointers()).toMatchObject({ timeline: ['g2', 'g1'] });
    await talk(2);
    await sound(projector);
  });
});

describe('a group that a crash has left half built', () => {
  beforeEach(async () => {
    await (await start()).stop();
    // As if the process had died in the middle: nothing points there.
    await store.open('g2', projections);
  });

  it('is dropped at the start where nobody else can be building it', async () => {
    const projector = await start({ alone: true });
    expect(await groupNumbers()).toEqual(['g1']);
    await rebuild(projector);
    expect(await groupNumbers()).toEqual(['g1', 'g2']);
    await projector.stop();
    // What served before stays for going back.
    await start({ alone: true });
    expect(await groupNumbers()).toEqual(['g1', 'g2']);
  });

  it('is let be at the start where others may be building it, and dropped by the next task', async () => {
    const projector = await start();
    expect(await groupNumbers()).toEqual(['g1', 'g2']);
    await sound(projector);
    expect(await groupNumbers()).toEqual(['g1']);
  });

  it('is not switched to by whoever was thought dead and comes back', async () => {
    const mine = await start();
    const other = await start();
    const model = await fitted(1);
    // The other one drops what was half built, and has a group of its own when this one goes on.
    let theirs: Promise<unknown> | undefined;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const ready = (): Promise<void> =>
      new Promise((goOn) => {
        const hold = async (): Promise<void> => {
          goOn();
          await held;
        };
        theirs = other.build({ ...order, taskId: 'theirs', activate: { model, ready: hold } }, report);
      });
    const order = { names: NAMES, keep: true };
    await expect(
      mine.build({ ...order, taskId: 'late', activate: { model, ready } }, report),
    ).rejects.toThrow('another process has dropped group g2');
    expect(await pointers()).toMatchObject({ timeline: ['g1', undefined] });
    release();
    await theirs;
    expect(await pointers()).toMatchObject({ timeline: ['g2', 'g1'] });
    await talk(1);
    await sound(mine);
  });
});

it('carries out what is asked at once one after the other', async () => {
  const projector = await start();
  const model = await fitted(1);
  await Promise.all([rebuild(projector), activate(projector, model), rebuild(projector, ['timeline'])]);
  expect(await pointers()).toMatchObject({ timeline: ['g4', 'g3'], segments: ['g3', 'g2'] });
  expect(await projector.servingModel()).toBe(model);
  await sound(projector);
});
