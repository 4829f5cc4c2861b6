import type { EventLog, LogIndex, StoredRecord } from '#libs/core';
import { EventStoreControl } from '../../../../test/engines/eventstoredb/control';
import { linkEventStore } from './connection';
import type { Links } from './connection';
import { EventStoreLog } from './eventstore-log';
import { InMemoryLogIndex } from './in-memory-log-index.fixture';

/** The log on a server, with nothing in it: the double is emptied, a real one is looked at from its end on. */
export class EventStoreUnderTest {
  readonly index: LogIndex = new InMemoryLogIndex();
  #links: Links | undefined;
  #log: EventStoreLog | undefined;
  #past: Past | undefined;

  constructor(private readonly address: string) {}

  async open(): Promise<EventLog> {
    if (!(await emptied(this.address))) this.#past = await Past.of(this.address);
    return this.#open();
  }

  async reopen(): Promise<EventLog> {
    await this.#close();
    return this.#open();
  }

  async dispose(): Promise<void> {
    await this.#close();
  }

  #open(): EventLog {
    this.#links = linkEventStore(this.address);
    const log = (this.#log = new EventStoreLog(this.#links, this.index));
    return this.#past === undefined ? log : new LogSince(log, this.#past);
  }

  async #close(): Promise<void> {
    await this.#log?.settled();
    await this.#links?.close();
  }
}

/** Whether the server is the double, which is empty now. */
async function emptied(address: string): Promise<boolean> {
  const control = new EventStoreControl(address);
  try {
    await control.do({ do: 'reset' });
    return true;
  } catch {
    return false;
  } finally {
    control.close();
  }
}

const SALT_DIGITS = 12;
let opened = 0;

/** What a server that cannot be emptied had before, and names of streams that no other run took. */
class Past {
  private constructor(
    readonly position: number,
    readonly salt: string,
  ) {}

  static async of(address: string): Promise<Past> {
    const links = linkEventStore(address);
    const position = await new EventStoreLog(links, new InMemoryLogIndex()).lastPosition();
    await links.close();
    return new Past(
      position,
      (Date.now() * 1_000 + opened++).toString(16).slice(-SALT_DIGITS).padStart(SALT_DIGITS, '0'),
    );
  }

  /** `customer-01930000-0000-7000-8000-…` with the salt for its first digits, and back. */
  salted(stream: string): string {
    return stream.replace('-01930000-0000-', `-${this.salt.slice(0, 8)}-${this.salt.slice(8)}-`);
  }

  plain(stream: string): string {
    return stream.replace(`-${this.salt.slice(0, 8)}-${this.salt.slice(8)}-`, '-01930000-0000-');
  }
}

/** A log seen from a position on. */
class LogSince implements EventLog {
  constructor(
    private readonly log: EventLog,
    private readonly past: Past,
  ) {}

  append: EventLog['append'] = (request) => {
    const stream = this.past.salted(request.stream);
    return this.log.append({
      ...request,
      stream,
      records: request.records.map((record) => ({ ...record, stream })),
    });
  };

  readStream: EventLog['readStream'] = async (stream, from, limit) =>
    (await this.log.readStream(this.past.salted(stream), from, limit)).map(this.#plain);

  readAll: EventLog['readAll'] = async (after, limit) =>
    (await this.log.readAll(this.#after(after), limit)).map(this.#plain);

  head: EventLog['head'] = async (stream) => {
    const head = await this.log.head(this.past.salted(stream));
    return head === undefined ? undefined : this.#plain(head);
  };

  streams: EventLog['streams'] = async (cursor, limit) => {
    const page = await this.log.streams(cursor, limit);
    return { ...page, items: page.items.map((item) => ({ ...item, stream: this.past.plain(item.stream) })) };
  };

  locate: EventLog['locate'] = async (references) =>
    (await this.log.locate(references)).map((found) =>
      found === undefined ? undefined : { ...found, stream: this.past.plain(found.stream) },
    );

  lastPosition: EventLog['lastPosition'] = async () => {
    const position = await this.log.lastPosition();
    return position <= this.past.position ? 0 : position;
  };

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<readonly StoredRecord[]> {
    for await (const records of this.log.follow(this.#after(after), signal)) yield records.map(this.#plain);
  }

  readonly #after = (position: number): number => Math.max(position, this.past.position);
  readonly #plain = (record: StoredRecord): StoredRecord => ({
    ...record,
    stream: this.past.plain(record.stream),
  });
}
