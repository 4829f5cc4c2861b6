import { EngineError } from '#libs/core';
import type { EventLog, Task, TaskBoard } from '#libs/core';
import { projections as plain } from '#libs/projections';
import { accepted, byEmail, eventually, say, TestLedger, withMethods } from '#libs/testing';
import type { Projector } from './projector';
import { fixedSet, together } from './projection-set';
import { TaskBoardAdmin } from './task-board-admin';
import { TaskWorker } from './task-worker';

/** One task, in memory. */
class Board implements TaskBoard {
  task: Task | undefined;
  away = false;
  /** Somebody else has it. */
  taken = false;
  asked = 0;

  async post(task: Pick<Task, 'taskId' | 'kind' | 'body'>): Promise<boolean> {
    if (this.task !== undefined && this.task.state !== 'ended') return false;
    this.task = { ...task, state: 'open' };
    return true;
  }

  async claim(): Promise<Task | undefined> {
    if (this.away) throw new EngineError('the board is away');
    if (this.task?.state !== 'open') return undefined;
    return (this.task = { ...this.task, state: 'running' });
  }

  async report(
    taskId: string,
    _owner: string,
    status: string,
    state: 'running' | 'ended',
    leaseMs: number,
  ): Promise<boolean> {
    if (this.taken) this.asked++;
    if (this.task?.taskId !== taskId || this.taken) return false;
    this.task = { ...this.task, status, state: leaseMs === 0 ? 'open' : state };
    return true;
  }

  async find(taskId: string): Promise<Task | undefined> {
    return this.task?.taskId === taskId ? this.task : undefined;
  }
}

let test: TestLedger;
let board: Board;
let projector: Projector;
let admin: TaskBoardAdmin;
let stop: () => Promise<void>;
let faults: unknown[];
/** Whoever lists streams waits for it. */
let gate: Promise<void>;
const names = plain.map(({ name }) => name);

beforeEach(async () => {
  test = await TestLedger.open();
  board = new Board();
  faults = [];
  const store = test.store();
  projector = test.projector(store, (fault) => faults.push(fault));
  await projector.start();
  gate = Promise.resolve();
  const streams: EventLog['streams'] = async (...asked) => {
    await gate;
    return test.log.streams(...asked);
  };
  const log = withMethods<EventLog>(test.log, { streams });
  const feed = test.feed();
  let ids = 0;
  admin = new TaskBoardAdmin({
    log,
    feed,
    store,
    projections: fixedSet(plain),
    board,
    newId: () => `task-${++ids}`,
  });
  const activated = async (): Promise<void> => undefined;
  const ports = { projector, log, keyring: test.keyring(), names, activated };
  const worker = new TaskWorker(board, 'worker', ports, (error) => faults.push(error));
  const aborted = new AbortController();
  const ended = worker.run(aborted.signal);
  stop = async () => {
    aborted.abort();
    await ended;
  };
});
afterEach(async () => {
  await stop();
  await projector.stop();
  await test.dispose();
});

async function talk(): Promise<void> {
  for (let i = 0; i < 3; i++) await accepted(test.ledger.execute(say(byEmail(`c${i}@x.com`))));
}

it('rebuilds what is asked for, and tells how it went', async () => {
  await talk();
  const id = (await admin.rebuild(['profile'])) ?? '';
  expect(await admin.rebuildStatus(id)).toMatchObject({ rebuildId: id, projections: ['profile'] });
  expect(await admin.rebuild(['timeline'])).toBeUndefined();
  await eventually('it is done', async () => (await admin.rebuildStatus(id))?.state === 'done');
  // Customers are found in the directory, which is folded after profile, loyalty and segments.
  const projections = together(plain, ['profile']);
  expect(projections).toEqual(expect.arrayContaining(['profile', 'loyalty', 'segments', 'directory']));
  expect(projections).not.toContain('timeline');
  // Nobody has bought anything, so nobody is in a segment.
  const compared = 3 * ['profile', 'loyalty', 'directory'].length;
  const done = { projections, progress: 1, parity: { compared, differing: 0 } };
  expect(await admin.rebuildStatus(id)).toMatchObject(done);
  expect(await admin.verification(id)).toBeUndefined();
  await eventually('the next may come', async () => (await admin.rebuild(['timeline'])) !== undefined);
  expect(faults).toEqual([]);
});

it.each(['ledger', 'readmodels'] as const)('verifies the %s', async (scope) => {
  await talk();
  const id = (await admin.verify(scope)) ?? '';
  await eventually('it is done', async () => (await admin.verification(id))?.state === 'done');
  expect(await admin.verification(id)).toMatchObject({ scope, ok: true });
});

it('goes back, tries again what is parked, and says what can’t be done', async () => {
  await talk();
  const actor = { kind: 'user', id: 'usr_test' } as const;
  const ended = async (id: string | undefined): Promise<unknown> => {
    let status: Awaited<ReturnType<typeof admin.rebuildStatus>>;
    await eventually('it has ended', async () => {
      status = await admin.rebuildStatus(id ?? '');
      return board.task?.state === 'ended';
    });
    return status;
  };
  const fault = 'no group of this build served all of them before';
  expect(await ended(await admin.rollback(names, actor))).toMatchObject({ state: 'failed', fault });
  expect(await ended(await admin.rebuild(names))).toMatchObject({ state: 'done' });
  const rollback = await admin.rollback(names, actor);
  expect(JSON.parse(board.task?.body ?? '')).toMatchObject({
    kind: 'rollback',
    to: expect.stringMatching(/^g1-/),
    actor,
  });
  expect(await ended(rollback)).toMatchObject({ rebuildId: rollback, state: 'done' });
  expect(await ended(await admin.retry(names))).toMatchObject({ state: 'done', parked: 0 });
  expect(faults).toEqual([]);
});

it('ends a task that it does not know, and goes on where the board was away', async () => {
  await board.post({ taskId: 'x', kind: 'x', body: '{"kind":"x"}' });
  await eventually('it is ended', () => board.task?.state === 'ended');
  board.away = true;
  await eventually('it was away', () => faults.length > 0);
  board.away = false;
  const id = (await admin.verify('ledger')) ?? '';
  await eventually('it is done', async () => (await admin.verification(id))?.state === 'done');
  expect(await admin.verification(id)).toMatchObject({ ok: true });
});

describe('a task under way', () => {
  let release: () => void;
  let id: string;
  beforeEach(async () => {
    await talk();
    gate = new Promise((resolve) => (release = resolve));
    id = (await admin.verify('ledger')) ?? '';
    await eventually('it is begun', () => board.task?.state === 'running');
  });

  it('is let go by a worker that is to stop, for others to begin it anew', async () => {
    const stopping = stop();
    release();
    await stopping;
    expect(board.task).toMatchObject({ taskId: id, state: 'open' });
    expect(board.task?.status).not.toContain('failed');
  });

  it('is broken off by a worker that has lost it, who says no more of it', async () => {
    board.taken = true;
    await eventually('it is noticed', async () => board.asked > 0);
    release();
    await stop();
    expect(board.task).toMatchObject({ taskId: id, state: 'running' });
    expect(board.task?.status ?? '').not.toContain('failed');
  });
});

it('tells each group’s lag', async () => {
  await talk();
  const position = await test.log.lastPosition();
  await eventually('all is folded', async () =>
    (await admin.projections()).every(({ lagEvents, lagSeconds }) => lagEvents === 0 && lagSeconds === 0),
  );
  expect(position).toBeGreaterThan(0);
  expect((await admin.projections()).map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});
