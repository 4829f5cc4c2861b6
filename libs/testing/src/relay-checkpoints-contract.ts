import type { RelayCheckpoint, RelayCheckpoints } from '#libs/core';
import { withEngine } from './engine-under-test';
import type { EngineUnderTest } from './engine-under-test';

const at = (sequence: number, change: Partial<RelayCheckpoint> = {}): RelayCheckpoint => {
  return { topicId: 'topic-1', position: sequence * 100, sequence, ...change };
};

/** Held to by every `RelayCheckpoints`. */
export function relayCheckpointsContract(
  name: string,
  make: () => Promise<EngineUnderTest<RelayCheckpoints>>,
): void {
  describe(`${name}: relay checkpoints`, () => {
    withEngine(make, (checkpoints, reopened) => {
      it('begin with none, and move from one to the next', async () => {
        expect(await checkpoints().load()).toBeUndefined();
        expect(await checkpoints().save(undefined, at(1))).toBe(true);
        expect(await checkpoints().load()).toEqual(at(1));
        const far = at(2, { topicId: 'topic-2', position: 2 ** 53 - 1 });
        expect(await checkpoints().save(at(1), far)).toBe(true);
        expect(await checkpoints().save(far, far)).toBe(true);
        expect(await checkpoints().load()).toEqual(far);
      });

      it('move only from what is stored, in every part', async () => {
        expect(await checkpoints().save(at(1), at(2))).toBe(false);
        expect(await checkpoints().load()).toBeUndefined();
        expect(await checkpoints().save(undefined, at(1))).toBe(true);
        const wrong = [
          undefined,
          at(2),
          ...[{ topicId: 'x' }, { position: 1 }, { sequence: 7 }].map((x) => at(1, x)),
        ];
        for (const expected of wrong) expect(await checkpoints().save(expected, at(9))).toBe(false);
        expect(await checkpoints().load()).toEqual(at(1));
      });

      it('let one of many relays win, though all of them want the same', async () => {
        for (const [expected, next] of [
          [undefined, at(1)],
          [at(1), at(2)],
        ] as const) {
          const moved = await Promise.all(
            Array.from({ length: 16 }, () => checkpoints().save(expected, next)),
          );
          expect(moved.filter(Boolean)).toHaveLength(1);
          expect(await checkpoints().load()).toEqual(next);
        }
      });

      it('are there again when they are opened anew', async () => {
        await checkpoints().save(undefined, at(1));
        await checkpoints().save(at(1), at(2));
        const again = await reopened();
        expect(await again.load()).toEqual(at(2));
        expect(await again.save(at(1), at(3))).toBe(false);
        expect(await again.save(at(2), at(3))).toBe(true);
      });
    });
  });
}
