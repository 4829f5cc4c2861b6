import {
  logIndexContract,
  relayCheckpointsContract,
  snapshotsContract,
  taskBoardContract,
  vaultContract,
} from '#libs/testing';
import { ScratchDatabase } from '../../../../test/engines/mongodb/scratch-database';
import { MongoLogIndex } from './mongo-log-index';
import { MongoRelayCheckpoints } from './mongo-relay-checkpoints';
import { MongoSnapshots } from './mongo-snapshots';
import { MongoTaskBoard } from './mongo-task-board';
import { MongoVault } from './mongo-vault';

const PATIENCE_MS = 60_000;
jest.setTimeout(PATIENCE_MS);

const scratch = (): ScratchDatabase => new ScratchDatabase('touchstone_test_ports');

vaultContract('mongodb', async () => scratch().part((connection) => MongoVault.open(connection)));
snapshotsContract('mongodb', async () =>
  scratch().part(async (connection) => new MongoSnapshots(connection)),
);
logIndexContract('mongodb', async () => scratch().part((connection) => MongoLogIndex.open(connection)));
relayCheckpointsContract('mongodb', async () =>
  scratch().part(async (connection) => new MongoRelayCheckpoints(connection)),
);
taskBoardContract('mongodb', async () => scratch().part((connection) => MongoTaskBoard.open(connection)));
