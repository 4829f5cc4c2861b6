import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '#libs/core';
import { foldCustomers, GroupProjector, openGroup } from '#libs/runtime';
import { openProjectorEngines } from './projector-engines';
import type { FoldingMessage, FoldingStart } from './projector-messages';
import { yieldToCommands } from './yield-to-commands';

/** A thread that folds its share of the customers into a group that is being built. */
const start: FoldingStart = workerData;
const tell = (message: FoldingMessage): void => parentPort?.postMessage(message);

/** Several threads commit to one file in turn, each for as long as its batch takes to write. */
const TURN_MS = 60_000;

async function fold(goOn: () => void): Promise<void> {
  const engines = await openProjectorEngines(start, { busyTimeoutMs: TURN_MS });
  try {
    const { log, feed, store, projections } = engines;
    const opened = await openGroup(store, start.groupId, projections);
    if (opened === undefined) throw new Error('the group that is to be built is not there');
    const { group, mine } = opened;
    const projector = new GroupProjector({ ...engines, group, projections: mine });
    await foldCustomers({ projector, log, feed }, start.share, (events) => {
      goOn();
      tell({ kind: 'folded', events });
    });
  } finally {
    engines.close();
  }
}

async function main(): Promise<void> {
  yieldToCommands();
  let stopped = false;
  // Who listens stays: this thread ends when it was told to, after its work.
  parentPort?.once('message', () => (stopped = true));
  try {
    await fold(() => {
      if (stopped) throw new Error('stopped before it was done');
    });
    tell({ kind: 'done' });
  } catch (error) {
    tell({ kind: 'fault', fault: messageOf(error) });
  }
}

void main();
