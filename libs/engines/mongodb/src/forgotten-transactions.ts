import { MongoServerError } from 'mongodb';
import type { MongoClient } from 'mongodb';

/** By this the server tells our sessions from others'. */
export const APP_NAME = 'touchstone';
const WRITE_CONFLICT = 112;
/** Conflicts in a row of one transaction, about a second of them, before it is asked who is in its way. */
const CONFLICTS_BORNE = 6;
/** A process that lives never leaves a transaction alone for so long: its batches are computed before they begin. */
const FORGOTTEN_MS = 5_000;
const MICROSECONDS_A_MS = 1_000;
const FORGOTTEN = [
  { $currentOp: { allUsers: false, idleSessions: true } },
  {
    $match: {
      type: 'idleSession',
      appName: APP_NAME,
      'transaction.timeInactiveMicros': { $gt: FORGOTTEN_MS * MICROSECONDS_A_MS },
    },
  },
  { $project: { lsid: 1 } },
];

export function isPersistentConflict(error: unknown, attempt: number): boolean {
  return attempt >= CONFLICTS_BORNE && error instanceof MongoServerError && error.code === WRITE_CONFLICT;
}

/**
 * Ends transactions that their processes have forgotten. The server notices by itself only after a minute that a process
 * was killed in the middle of one, and until then nobody else can write those documents. A process that only stood still
 * finds its transaction gone, and begins it again. Needs no privilege: sessions of our own user.
 */
export async function endForgottenTransactions(client: MongoClient): Promise<void> {
  const admin = client.db('admin');
  const idle = await admin.aggregate(FORGOTTEN, { readConcern: { level: 'local' } }).toArray();
  if (idle.length === 0) return;
  await admin.command({ killSessions: idle.map(({ lsid }) => ({ id: lsid.id })) });
}
