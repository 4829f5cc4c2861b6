import { EngineError } from '#libs/core';
import type { DocumentStore } from '#libs/core';
import { projections } from '#libs/projections';
import { interruptedStore, numbered, withMethods, PROJECTION_NAMES, VersionsBench } from '#libs/testing';
import type { Interruption } from '#libs/testing';
import { openGroup } from './open-group';
import type { Projector } from './projector';

let bench: VersionsBench;
beforeEach(async () => {
  bench = await VersionsBench.open();
});
afterEach(() => bench.dispose());

/** A projector over a store that is told when documents are written into a group, and when pointers move. */
const interrupted = (by: Interruption): Promise<Projector> =>
  bench.start({ store: interruptedStore(bench.store, by) });

describe('a switch', () => {
  it('waits for what has come while old and new were compared', async () => {
    let held: Promise<void> | undefined;
    let release = (): void => undefined;
    const commit = async (id: string): Promise<void> => {
      if (numbered(id) === 'g2') await held;
    };
    const folded: (number | undefined)[] = [];
    const point = async (): Promise<void> => {
      const built = await openGroup(bench.store, await bench.idOf('g2'), bench.set);
      if (built !== undefined) folded.push((await built.group.checkpoint(0))?.position);
    };
    const projector = await interrupted({ commit, point });
    const ready = async (): Promise<void> => {
      held = new Promise((resolve) => (release = resolve));
      await bench.talk(2);
      await bench.served();
      setImmediate(() => release());
    };
    const order = { taskId: 'late', names: PROJECTION_NAMES, keep: true };
    await projector.build({ ...order, activate: { model: await bench.fitted(1), ready } }, bench.report);
    expect(folded).toEqual([await bench.test.log.lastPosition()]);
  });

  it('that can’t even begin has failed, and says so', async () => {
    let away = false;
    const list = async (): Promise<readonly string[]> => {
      if (away) throw new EngineError('the store is away');
      return bench.store.groups();
    };
    const projector = await bench.start({ store: withMethods<DocumentStore>(bench.store, { groups: list }) });
    away = true;
    await expect(bench.rebuild(projector)).rejects.toThrow('the store is away');
    expect(bench.told.at(-1)).toMatchObject({ state: 'failed', fault: 'the store is away' });
  });
});

describe('what is interrupted', () => {
  it('by a stop while it builds leaves what serves, nothing else, and the next start goes on', async () => {
    let stopping: Promise<void> | undefined;
    const commit = async (id: string): Promise<void> => {
      if (numbered(id) === 'g2') stopping ??= projector.stop();
    };
    const projector = await interrupted({ commit });
    await expect(bench.rebuild(projector)).rejects.toThrow('stopped before it was done');
    await stopping;
    expect(bench.told.at(-1)).toMatchObject({ state: 'failed' });
    expect(await bench.groupNumbers()).toEqual(['g1']);
    await bench.talk(2);
    const next = await bench.start();
    await bench.sound(next);
    await bench.rebuild(next);
    expect(numbered((await bench.served()).id)).toBe('g2');
  });

  it('by a stop while it goes back leaves what serves', async () => {
    const first = await bench.start();
    await bench.rebuild(first);
    await first.stop();
    await bench.talk(2);
    let stopping: Promise<void> | undefined;
    const commit = async (id: string): Promise<void> => {
      if (numbered(id) === 'g1') stopping ??= second.stop();
    };
    const second = await interrupted({ commit });
    expect(await bench.rollBack(second)).toMatchObject({
      state: 'failed',
      fault: 'stopped before it was done',
    });
    await stopping;
    expect(await bench.pointers()).toMatchObject({ timeline: ['g2', 'g1'] });
    const next = await bench.start();
    await bench.sound(next);
    expect(await bench.rollBack(next)).toMatchObject({ state: 'done' });
    await bench.sound(next);
  });

  it('after the pointers have moved has switched: the new group is not dropped', async () => {
    let away = false;
    const point = async (): Promise<void> => {
      if (away) throw new Error('no answer');
    };
    const projector = await interrupted({ point });
    away = true;
    await expect(bench.rebuild(projector)).rejects.toThrow('no answer');
    away = false;
    expect(await bench.pointers()).toMatchObject({ timeline: ['g2', 'g1'] });
    await bench.talk(2);
    await bench.sound(projector);
  });
});

describe('a group that a crash has left half built', () => {
  beforeEach(async () => {
    await (await bench.start()).stop();
    // As if the process had died in the middle: nothing points there.
    await bench.store.open('g2', projections);
  });

  it('is dropped at the start where nobody else can be building it', async () => {
    const projector = await bench.start({ alone: true });
    expect(await bench.groupNumbers()).toEqual(['g1']);
    await bench.rebuild(projector);
    expect(await bench.groupNumbers()).toEqual(['g1', 'g2']);
    await projector.stop();
    // What served before stays for going back.
    await bench.start({ alone: true });
    expect(await bench.groupNumbers()).toEqual(['g1', 'g2']);
  });

  it('is let be at the start where others may be building it, and dropped by the next task', async () => {
    const projector = await bench.start();
    expect(await bench.groupNumbers()).toEqual(['g1', 'g2']);
    await bench.sound(projector);
    expect(await bench.groupNumbers()).toEqual(['g1']);
  });

  it('is not switched to by whoever was thought dead and comes back', async () => {
    const mine = await bench.start();
    const other = await bench.start();
    const model = await bench.fitted(1);
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
        theirs = other.build({ ...order, taskId: 'theirs', activate: { model, ready: hold } }, bench.report);
      });
    const order = { names: PROJECTION_NAMES, keep: true };
    await expect(
      mine.build({ ...order, taskId: 'late', activate: { model, ready } }, bench.report),
    ).rejects.toThrow('another process has dropped group g2');
    expect(await bench.pointers()).toMatchObject({ timeline: ['g1', undefined] });
    release();
    await theirs;
    expect(await bench.pointers()).toMatchObject({ timeline: ['g2', 'g1'] });
    await bench.talk(1);
    await bench.sound(mine);
  });
});
