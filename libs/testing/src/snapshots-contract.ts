import type { Snapshot, Snapshots } from '#libs/core';
import { eventually, withEngine } from './engine-under-test';
import type { EngineUnderTest } from './engine-under-test';
import { streamOf } from './opaque-records';

function snapshot(stream: string, revision: number, body = JSON.stringify({ v: 1, revision })): Snapshot {
  return { stream, revision, leafHash: revision.toString(16).padStart(64, '0'), body };
}

/** Held to by every `Snapshots`. What is saved may be lost, never mixed up. */
export function snapshotsContract(name: string, make: () => Promise<EngineUnderTest<Snapshots>>): void {
  describe(`${name}: snapshots`, () => {
    withEngine(make, (snapshots, reopened) => {
      const loads = (expected: Snapshot): Promise<void> =>
        eventually(`the snapshot of revision ${expected.revision}`, async () => {
          const loaded = await snapshots().load(expected.stream);
          return loaded?.revision === expected.revision;
        });

      it('loads the latest that was saved of each stream', async () => {
        expect(await snapshots().load(streamOf(1))).toBeUndefined();
        const [first, second, other] = [
          snapshot(streamOf(1), 64),
          snapshot(streamOf(1), 128),
          snapshot(streamOf(2), 64),
        ];
        await snapshots().save(first);
        await loads(first);
        expect(await snapshots().load(streamOf(1))).toEqual(first);
        await Promise.all([snapshots().save(second), snapshots().save(other)]);
        await loads(second);
        await loads(other);
        expect(await snapshots().load(streamOf(1))).toEqual(second);
        expect(await snapshots().load(streamOf(2))).toEqual(other);
        expect(await snapshots().load(streamOf(3))).toBeUndefined();
      });

      it('keeps any body', async () => {
        const odd = snapshot(
          streamOf(1),
          1,
          JSON.stringify({ ids: Array(5_000).fill('客 \u{1f600} \u0000') }),
        );
        await snapshots().save(odd);
        await loads(odd);
        expect(await snapshots().load(streamOf(1))).toEqual(odd);
      });

      it('takes more at once than it may keep', async () => {
        const many = Array.from({ length: 3_000 }, (_, i) => snapshot(streamOf(i), i));
        await Promise.all(many.map((one) => snapshots().save(one)));
        await loads(snapshot(streamOf(2_999), 2_999));
        const loaded = await Promise.all(many.map(({ stream }) => snapshots().load(stream)));
        const wrong = loaded.filter((one, i) => one !== undefined && one.revision !== i);
        expect(wrong).toEqual([]);
      });

      it('has the same or nothing when it is opened anew, never an older mixture', async () => {
        const last = snapshot(streamOf(1), 3);
        for (const revision of [1, 2, 3]) await snapshots().save(snapshot(streamOf(1), revision));
        const again = await reopened();
        const loaded = await again.load(streamOf(1));
        expect([undefined, snapshot(streamOf(1), 1), snapshot(streamOf(1), 2), last]).toContainEqual(loaded);
        await again.save(snapshot(streamOf(1), 4));
        await loads(snapshot(streamOf(1), 4));
      });
    });
  });
}
