import type { Task, TaskBoard } from '#libs/core';
import { eventually, withEngine } from './engine-under-test';
import type { EngineUnderTest } from './engine-under-test';

const LONG_MS = 60_000;
const SHORT_MS = 50;

const task = (
  taskId: string,
  change: Partial<Task> = {},
): Pick<Task, 'taskId' | 'kind' | 'body'> & Partial<Task> => {
  return { taskId, kind: 'rebuild', body: JSON.stringify({ of: taskId, text: '$客 \u0000' }), ...change };
};

/** Held to by every `TaskBoard`. */
export function taskBoardContract(name: string, make: () => Promise<EngineUnderTest<TaskBoard>>): void {
  describe(`${name}: task board`, () => {
    withEngine(make, (board, reopened) => {
      it('takes a task from its post to its end', async () => {
        expect(await board().claim('one', LONG_MS)).toBeUndefined();
        expect(await board().post(task('t1'))).toBe(true);
        expect(await board().find('t1')).toEqual(task('t1', { state: 'open' }));
        expect(await board().claim('one', LONG_MS)).toEqual(task('t1', { state: 'running' }));
        expect(await board().report('t1', 'one', '$half', 'running', LONG_MS)).toBe(true);
        expect(await board().find('t1')).toEqual(task('t1', { state: 'running', status: '$half' }));
        expect(await board().report('t1', 'one', 'done', 'ended', LONG_MS)).toBe(true);
        expect(await board().find('t1')).toEqual(task('t1', { state: 'ended', status: 'done' }));
        expect(await board().report('t1', 'one', 'more', 'running', LONG_MS)).toBe(false);
        expect(await board().find('t1')).toEqual(task('t1', { state: 'ended', status: 'done' }));
        expect(await board().find('t2')).toBeUndefined();
      });

      it('has one task at a time', async () => {
        expect(await board().post(task('t1'))).toBe(true);
        expect(await board().post(task('t2'))).toBe(false);
        expect(await board().post(task('t1'))).toBe(false);
        await board().claim('one', LONG_MS);
        expect(await board().post(task('t2'))).toBe(false);
        await board().report('t1', 'one', 'done', 'ended', LONG_MS);
        expect(await board().post(task('t2'))).toBe(true);
        expect(await board().find('t2')).toEqual(task('t2', { state: 'open' }));
      });

      it('gives one of many posts, and one of many claims, what they want', async () => {
        const ids = Array.from({ length: 16 }, (_, i) => `t${i}`);
        const posted = await Promise.all(ids.map((id) => board().post(task(id))));
        expect(posted.filter(Boolean)).toHaveLength(1);
        const claimed = await Promise.all(ids.map((owner) => board().claim(owner, LONG_MS)));
        expect(claimed.filter((found) => found !== undefined)).toEqual([
          task(ids[posted.indexOf(true)] ?? '', { state: 'running' }),
        ]);
      });

      it('opens a task again whose owner fell silent, who learns that it is not theirs', async () => {
        await board().post(task('t1'));
        await board().claim('one', SHORT_MS);
        await board().report('t1', 'one', 'half', 'running', SHORT_MS);
        expect(await board().post(task('t2'))).toBe(false);
        await eventually('the task is open again', async () => (await board().find('t1'))?.state === 'open');
        expect(await board().claim('two', LONG_MS)).toEqual(task('t1', { state: 'running', status: 'half' }));
        expect(await board().report('t1', 'one', 'late', 'ended', LONG_MS)).toBe(false);
        expect(await board().report('t1', 'two', 'done', 'ended', LONG_MS)).toBe(true);
        expect(await board().find('t1')).toEqual(task('t1', { state: 'ended', status: 'done' }));
      });

      it('keeps a task while its owner reports', async () => {
        await board().post(task('t1'));
        await board().claim('one', SHORT_MS);
        await board().report('t1', 'one', 'begun', 'running', LONG_MS);
        const until = Date.now() + 3 * SHORT_MS;
        await eventually('the first lease would be over', () => Date.now() > until);
        expect(await board().claim('two', LONG_MS)).toBeUndefined();
        expect(await board().report('t1', 'nobody', 'x', 'running', LONG_MS)).toBe(false);
      });

      it('has its tasks again when it is opened anew', async () => {
        await board().post(task('t1'));
        await board().claim('one', LONG_MS);
        const again = await reopened();
        expect(await again.find('t1')).toEqual(task('t1', { state: 'running' }));
        expect(await again.post(task('t2'))).toBe(false);
        expect(await again.report('t1', 'one', 'done', 'ended', LONG_MS)).toBe(true);
      });
    });
  });
}
