import type { EventFeed } from '#libs/core';
import { eventually, numbered, withMethods, SOMEBODY, PROJECTION_NAMES, VersionsBench } from '#libs/testing';

let bench: VersionsBench;
beforeEach(async () => {
  bench = await VersionsBench.open();
});
afterEach(() => bench.dispose());

describe('going back', () => {
  it('to what served before, caught up, and forward again, while commands come in', async () => {
    const projector = await bench.start();
    await bench.rebuild(projector);
    await bench.served();
    await bench.talk(3);
    for (const [from, to] of [
      ['g2', 'g1'],
      ['g1', 'g2'],
    ]) {
      const writing = bench.talk(6);
      expect(await bench.rollBack(projector)).toMatchObject({ rebuildId: 'rollback', state: 'done' });
      expect(await bench.pointers()).toEqual(
        Object.fromEntries(PROJECTION_NAMES.map((name) => [name, [to, from]])),
      );
      await writing;
      expect(numbered((await bench.served()).id)).toBe(to);
      await bench.sound(projector);
    }
    expect(await bench.groupNumbers()).toEqual(['g1', 'g2']);
    expect(await bench.activations()).toEqual([]);
  });

  it('fails where nothing served before, and changes nothing', async () => {
    const projector = await bench.start();
    const before = await bench.pointers();
    expect(await bench.rollBack(projector)).toMatchObject({
      state: 'failed',
      fault: 'no group of this build served all of them before',
    });
    expect(await bench.pointers()).toEqual(before);
    expect(await bench.groupNumbers()).toEqual(['g1']);
    await bench.sound(projector);
  });

  it('is done once, also where a crash has it begun again after the switch', async () => {
    const projector = await bench.start();
    await bench.rebuild(projector);
    const first = await bench.idOf('g1');
    for (let i = 0; i < 2; i++) {
      expect(await bench.rollBack(projector, PROJECTION_NAMES, first)).toMatchObject({ state: 'done' });
      expect(await bench.pointers()).toMatchObject({ timeline: ['g1', 'g2'] });
    }
    await bench.sound(projector);
  });

  it('fails where something else was switched since it was ordered', async () => {
    const projector = await bench.start();
    const first = await bench.idOf('g1');
    await bench.rebuild(projector);
    await bench.rebuild(projector);
    expect(await bench.rollBack(projector, PROJECTION_NAMES, first)).toMatchObject({ state: 'failed' });
    expect(await bench.pointers()).toMatchObject({ timeline: ['g3', 'g2'] });
  });

  it('to a group that serves others all the time', async () => {
    const projector = await bench.start();
    await bench.rebuild(projector, ['timeline']);
    expect(await bench.pointers()).toMatchObject({ timeline: ['g2', 'g1'], profile: ['g1', undefined] });
    await bench.talk(2);
    expect(await bench.rollBack(projector, ['timeline'])).toMatchObject({ state: 'done' });
    expect(await bench.pointers()).toMatchObject({ timeline: ['g1', 'g2'], profile: ['g1', undefined] });
    expect([...projector.partitions().keys()].map(numbered)).toEqual(['g1']);
    await bench.talk(2);
    await bench.sound(projector);
  });

  it('to a group that is just being left follows it anew', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const feed = bench.test.feed();
    const run: EventFeed['run'] = async (consumer, signal) => {
      await feed.run(consumer, signal);
      if (numbered(consumer.name) === 'g1') await released;
    };
    const mine = await bench.start({ feed: withMethods<EventFeed>(feed, { run }) });
    await bench.rebuild(await bench.start());
    const followed = (): readonly string[] => [...mine.partitions().keys()].map(numbered);
    await eventually('the first group is left', async () => !followed().includes('g1'));
    const going = bench.rollBack(mine);
    release();
    await bench.talk(1);
    expect(await going).toMatchObject({ state: 'done' });
    expect(followed()).toContain('g1');
    await bench.sound(mine);
  });

  it('is given up where the record can’t be written, and what serves goes on serving', async () => {
    const projector = await bench.start();
    const [first, second] = [await bench.fitted(1), await bench.fitted(7)];
    await bench.activate(projector, first);
    await bench.activate(projector, second);
    const before = await bench.pointers();
    const ready = () => Promise.reject(new Error('the log is away'));
    await projector.rollBack({ taskId: 'rollback', names: ['segments'], ready }, bench.report);
    expect(bench.told.at(-1)).toMatchObject({ state: 'failed', fault: 'the log is away' });
    expect(await bench.pointers()).toEqual(before);
    await bench.talk(2);
    await bench.sound(projector);
    expect(await projector.servingModel()).toBe(second);
  });
});

describe('a model', () => {
  it('is recorded as active when its documents have caught up, before they serve', async () => {
    const projector = await bench.start();
    await bench.served();
    const model = await bench.fitted(1);
    const seen: unknown[] = [];
    const ready = async (): Promise<void> => {
      seen.push(bench.told.at(-1)?.state, (await bench.pointers())['segments']);
      await bench.writer.activated(model, SOMEBODY);
      seen.push(await bench.activations(), (await bench.pointers())['segments']);
    };
    const order = { taskId: 'activation', names: PROJECTION_NAMES, keep: true, activate: { model, ready } };
    await projector.build(order, bench.report);
    expect(seen).toEqual(['comparing', ['g1', undefined], [model], ['g1', undefined]]);
    const after = await bench.pointers();
    expect(after).toEqual(Object.fromEntries(PROJECTION_NAMES.map((name) => [name, ['g2', 'g1']])));
    const [[, document] = ['', {}]] = await bench.contents('segments');
    expect(document).toMatchObject({ _projection: `segments@1+${model}`, segment: expect.any(String) });
    await bench.sound(projector);
  });

  it('that serves is the one that the next build folds with, whatever older groups hold', async () => {
    const projector = await bench.start();
    const [first, second] = [await bench.fitted(1), await bench.fitted(7)];
    await bench.activate(projector, first);
    // One group that holds all, the segments of the first model too.
    await bench.rebuild(projector);
    await bench.activate(projector, second);
    expect(await projector.servingModel()).toBe(second);
    const before = await bench.contents('segments');
    await bench.rebuild(projector);
    expect(await projector.servingModel()).toBe(second);
    expect(await bench.contents('segments')).toEqual(before);
    await bench.sound(projector);
  });

  it('is active again after going back to it, and that is recorded; going back with others is not', async () => {
    const projector = await bench.start();
    const [first, second] = [await bench.fitted(1), await bench.fitted(7)];
    await bench.activate(projector, first);
    const before = await bench.contents('segments');
    await bench.activate(projector, second);
    expect(await bench.contents('segments')).not.toEqual(before);
    expect(await bench.rollBack(projector, ['segments'])).toMatchObject({ state: 'done' });
    expect(await bench.activations()).toEqual([first, second, first]);
    expect(await bench.contents('segments')).toEqual(before);
    expect(await bench.models.active()).toBe(first);
    await bench.rebuild(projector, ['timeline']);
    expect(await bench.rollBack(projector, ['timeline'])).toMatchObject({ state: 'done' });
    expect(await bench.activations()).toEqual([first, second, first]);
    await bench.sound(projector);
  });

  it('can’t be gone back behind: the record would still call it active', async () => {
    const projector = await bench.start();
    const model = await bench.fitted(1);
    await bench.activate(projector, model);
    const before = await bench.pointers();
    expect(await bench.rollBack(projector, ['segments'])).toMatchObject({
      state: 'failed',
      fault: 'no model was active before, and one that is can only be followed by another',
    });
    expect(await bench.pointers()).toEqual(before);
    await bench.sound(projector);
  });

  it('that can’t be recorded, or is not there, is not switched to', async () => {
    const projector = await bench.start();
    const model = await bench.fitted(1);
    const ready = () => Promise.reject(new Error('the log is away'));
    const order = { taskId: 'activation', names: PROJECTION_NAMES, keep: true, activate: { model, ready } };
    await expect(projector.build(order, bench.report)).rejects.toThrow('the log is away');
    expect(bench.told.at(-1)).toMatchObject({ state: 'failed', fault: 'the log is away' });
    await expect(bench.activate(projector, '01930000-0000-7000-8000-00000000dead')).rejects.toThrow(
      'no model',
    );
    expect(await bench.groupNumbers()).toEqual(['g1']);
    await bench.sound(projector);
  });
});

it('carries out what is asked at once one after the other', async () => {
  const projector = await bench.start();
  const model = await bench.fitted(1);
  await Promise.all([
    bench.rebuild(projector),
    bench.activate(projector, model),
    bench.rebuild(projector, ['timeline']),
  ]);
  expect(await bench.pointers()).toMatchObject({ timeline: ['g4', 'g3'], segments: ['g3', 'g2'] });
  expect(await projector.servingModel()).toBe(model);
  await bench.sound(projector);
});
