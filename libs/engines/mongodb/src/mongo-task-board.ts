import { randomUUID } from 'node:crypto';
import type { Task, TaskBoard } from '#libs/core';
import type { Collection } from 'mongodb';
import type { MongoConnection } from './connection';
import { DuplicateKeyError, retrying } from './faults';

interface TaskDocument {
  readonly _id: string;
  readonly kind: string;
  readonly body: string;
  readonly status?: string;
  readonly state: Task['state'];
  /** There until the task has ended; unique, so there is one such task at a time. */
  readonly active?: true;
  readonly owner?: string;
  /** By the server's clock. */
  readonly leaseUntil?: Date;
  readonly endedAt?: Date;
  /** Which call wrote it last: how one that heard no answer knows its own trace. */
  readonly writtenBy: string;
}

/** Ended tasks can be looked at for this long. */
const KEPT_SECONDS = 30 * 24 * 3_600;
const EXPIRED = { $lte: ['$leaseUntil', '$$NOW'] };

/** Tasks in the read models' database. Leases run by the server's clock alone. */
export class MongoTaskBoard implements TaskBoard {
  readonly #tasks: Collection<TaskDocument>;

  private constructor(private readonly connection: MongoConnection) {
    this.#tasks = connection.main.collection('tasks');
  }

  static async open(connection: MongoConnection): Promise<MongoTaskBoard> {
    const board = new MongoTaskBoard(connection);
    await retrying('open the task board', async () => {
      await board.#tasks.createIndex({ active: 1 }, { unique: true, sparse: true });
      await board.#tasks.createIndex({ endedAt: 1 }, { expireAfterSeconds: KEPT_SECONDS });
    });
    return board;
  }

  async post({ taskId, kind, body }: Pick<Task, 'taskId' | 'kind' | 'body'>): Promise<boolean> {
    const writtenBy = randomUUID();
    try {
      await this.connection.write('post a task', (session) =>
        this.#tasks.insertOne(
          { _id: taskId, kind, body, state: 'open', active: true, writtenBy },
          { session },
        ),
      );
      return true;
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error;
      const stored = await this.connection.read('find a task', (session) =>
        this.#tasks.findOne({ _id: taskId, writtenBy }, { session }),
      );
      return stored !== null;
    }
  }

  async claim(owner: string, leaseMs: number): Promise<Task | undefined> {
    const writtenBy = randomUUID();
    const free = { $or: [{ state: 'open' as const }, { $expr: EXPIRED }, { writtenBy }] };
    const claimed = await this.connection.write('claim a task', (session) =>
      this.#tasks.findOneAndUpdate(
        { active: true, ...free },
        [{ $set: { state: 'running', owner: literal(owner), writtenBy, leaseUntil: after(leaseMs) } }],
        { session, returnDocument: 'after' },
      ),
    );
    return claimed === null ? undefined : taskOf(claimed);
  }

  async report(
    taskId: string,
    owner: string,
    status: string,
    state: 'running' | 'ended',
    leaseMs: number,
  ): Promise<boolean> {
    const writtenBy = randomUUID();
    const mine = { _id: taskId, $or: [{ owner, active: true as const }, { writtenBy }] };
    const change = { state, status: literal(status), writtenBy };
    const { matchedCount } = await this.connection.write('report on a task', (session) =>
      this.#tasks.updateOne(
        mine,
        state === 'running'
          ? [{ $set: { ...change, leaseUntil: after(leaseMs) } }]
          : [{ $set: { ...change, endedAt: '$$NOW' } }, { $unset: ['active', 'leaseUntil'] }],
        { session },
      ),
    );
    return matchedCount === 1;
  }

  async find(taskId: string): Promise<Task | undefined> {
    const stages = [
      { $match: { _id: taskId } },
      { $set: { expired: { $and: [{ $eq: ['$state', 'running'] }, EXPIRED] } } },
    ];
    const [stored] = await this.connection.read('find a task', (session) =>
      this.#tasks.aggregate<TaskDocument & { readonly expired: boolean }>(stages, { session }).toArray(),
    );
    if (stored === undefined) return undefined;
    return stored.expired ? { ...taskOf(stored), state: 'open' } : taskOf(stored);
  }
}

function after(leaseMs: number): object {
  return { $add: ['$$NOW', leaseMs] };
}

/** In a pipeline text that begins with a dollar would be taken for a field. */
function literal(text: string): object {
  return { $literal: text };
}

function taskOf({ _id, kind, body, status, state }: TaskDocument): Task {
  const task = { taskId: _id, kind, body, state };
  return status === undefined ? task : { ...task, status };
}
