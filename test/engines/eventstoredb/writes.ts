import type { AppendFault, Faults } from './faults';
import { failures } from './failures';
import type { Expected, ProposedEvent } from './records';
import type { Store, WriteOutcome } from './store';

/** The answer is never sent. */
export const NO_REPLY = Symbol('no reply');

/** Where the server is reached. */
export interface Connections {
  readonly host: string;
  readonly port: number;
  dropConnections(): void;
}

export type Answered = WriteOutcome | typeof NO_REPLY;

/** Writes to the store through the faults that a test has planned. */
export class Writes {
  constructor(
    private readonly store: Store,
    private readonly faults: Faults,
    private readonly connections: Connections,
  ) {}

  async append(stream: string, expected: Expected, events: readonly ProposedEvent[]): Promise<Answered> {
    await this.faults.thawed();
    if (this.faults.notReady) throw failures.notReady();
    const commit = (): Promise<WriteOutcome> => this.store.append(stream, expected, events);
    const fault = this.faults.takeAppendFault(stream);
    const outcome = await (fault === undefined ? commit() : this.#faulty(fault, commit));
    await this.faults.thawed();
    return outcome;
  }

  async delete(stream: string, expected: Expected, forEver: boolean): Promise<WriteOutcome> {
    await this.faults.thawed();
    if (this.faults.notReady) throw failures.notReady();
    return this.store.delete(stream, expected, forEver);
  }

  async #faulty(fault: AppendFault, commit: () => Promise<WriteOutcome>): Promise<Answered> {
    switch (fault) {
      case 'silence':
        return NO_REPLY;
      case 'unavailable':
        throw failures.connectionLost();
      case 'not-ready':
        throw failures.notReady();
      case 'abort':
        throw failures.timedOut();
      case 'not-leader':
        throw failures.notLeader(this.connections.host, this.connections.port);
      case 'no-leader':
        throw failures.noLeader();
      case 'commit-then-silence':
        await commit();
        return NO_REPLY;
      case 'commit-then-unavailable':
        await commit();
        throw failures.connectionLost();
      case 'commit-then-abort':
        await commit();
        throw failures.timedOut();
      case 'commit-then-disconnect':
        await commit();
        this.connections.dropConnections();
        return NO_REPLY;
      case 'unavailable-then-commit':
        this.faults.hold(() => void commit());
        throw failures.connectionLost();
    }
  }
}
