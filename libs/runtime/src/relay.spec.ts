import { EngineError } from '#libs/core';
import type { EventLog, EventSink, RelayCheckpoint, RelayCheckpoints, StoredRecord } from '#libs/core';
import { EmbeddedDirectory, eventually, fill, streamOf } from '#libs/testing';
import { Relay, unpublishedMs } from './relay';

/** A topic in memory, which others may delete, and whose broker may be away. */
class Topic implements EventSink {
  id: string | undefined;
  messages: StoredRecord[] = [];
  failing = 0;

  async open(known: RelayCheckpoint | undefined, newId: () => string): Promise<string> {
    const same =
      this.id !== undefined && known?.topicId === this.id && this.messages.length >= known.sequence;
    if (!same) this.id = newId();
    return this.id ?? '';
  }

  async publish(records: readonly StoredRecord[]): Promise<void> {
    if (this.failing-- > 0) throw new EngineError('the broker is away');
    this.messages.push(...records);
  }

  async close(): Promise<void> {}

  positions(): number[] {
    return [...new Set(this.messages.map(({ position }) => position))];
  }
}

class Checkpoints implements RelayCheckpoints {
  stored: RelayCheckpoint | undefined;

  async load(): Promise<RelayCheckpoint | undefined> {
    return this.stored;
  }

  async save(expected: RelayCheckpoint | undefined, next: RelayCheckpoint): Promise<boolean> {
    if (JSON.stringify(expected) !== JSON.stringify(this.stored)) return false;
    this.stored = next;
    return true;
  }
}

let directory: EmbeddedDirectory;
let log: EventLog;
let topic: Topic;
let checkpoints: Checkpoints;
let ids = 0;
let sameLedger: () => Promise<boolean>;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  directory = new EmbeddedDirectory();
  ({ log } = await directory.open());
  topic = new Topic();
  checkpoints = new Checkpoints();
  sameLedger = async () => true;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await directory.dispose();
});

function start(sink: EventSink = topic): { relay: Relay; stop: () => Promise<void>; ended: Promise<void> } {
  const newId = (): string => `topic-${++ids}`;
  const relay = new Relay({ log, sink, checkpoints, newId, isSameLedger: () => sameLedger() });
  const aborted = new AbortController();
  const ended = relay.run(aborted.signal);
  const stop = async (): Promise<void> => {
    aborted.abort();
    await ended.catch(() => undefined);
  };
  stops.push(stop);
  return { relay, stop, ended };
}

async function published(count: number): Promise<void> {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  await eventually(`${count} are published`, () => checkpoints.stored?.position === count);
  expect(topic.positions()).toEqual(all);
}

it('publishes what is there and what comes, in order, and goes on where it was stopped', async () => {
  await fill(log, streamOf(1), 3);
  const first = start();
  await published(3);
  await fill(log, streamOf(2), 2);
  await published(5);
  await first.stop();
  await fill(log, streamOf(3), 1);
  start();
  await published(6);
  expect(topic.messages).toHaveLength(6);
  expect(checkpoints.stored).toEqual({ topicId: topic.id, position: 6, sequence: 6 });
});

it('publishes again what may not have come through', async () => {
  await fill(log, streamOf(1), 2);
  topic.failing = 1;
  const { relay } = start();
  await eventually('it tries again', () => relay.status.state === 'retrying');
  expect(relay.status.fault).toBe('the broker is away');
  await published(2);
  expect(relay.status.state).toBe('relaying');
});

it('gives a topic that was made anew the whole history', async () => {
  await fill(log, streamOf(1), 3);
  const { stop } = start();
  await published(3);
  await stop();
  const before = topic.id;
  topic.id = undefined;
  topic.messages = [];
  await fill(log, streamOf(2), 1);
  start();
  await published(4);
  expect(topic.id).not.toBe(before);
  expect(checkpoints.stored).toEqual({ topicId: topic.id, position: 4, sequence: 4 });
});

it('waits beside another one that gets on', async () => {
  const { relay } = start();
  await eventually('the first has begun', () => relay.status.state === 'relaying');
  // Somebody else moves the checkpoint: what this one publishes next is fenced.
  checkpoints.stored = { topicId: topic.id ?? '', position: 0, sequence: 7 };
  await fill(log, streamOf(1), 1);
  await eventually('it stands by', () => relay.status.state === 'standby');
  expect(checkpoints.stored).toMatchObject({ sequence: 7 });
});

it('ends where the log holds less than was published', async () => {
  checkpoints.stored = { topicId: 'topic', position: 9, sequence: 9 };
  await expect(start().ended).rejects.toThrow('holds less');
});

it('ends where the log is of another ledger, before it publishes any of it', async () => {
  await fill(log, streamOf(1), 3);
  sameLedger = async () => false;
  await expect(start().ended).rejects.toThrow('does not begin as it did');
  expect([topic.messages, checkpoints.stored]).toEqual([[], undefined]);
});

it('has a ledger remembered as soon as it holds something, before that is published', async () => {
  let remembered = false;
  sameLedger = async () => {
    remembered = (await log.lastPosition()) > 0;
    return true;
  };
  topic.publish = async () => {
    expect(remembered).toBe(true);
    return Promise.reject(new EngineError('the broker is away'));
  };
  const { relay } = start();
  await eventually('it waits', () => relay.status.state === 'relaying');
  expect(remembered).toBe(false);
  await fill(log, streamOf(1), 1);
  await eventually('it was published', () => relay.status.fault === 'the broker is away');
});

it('tries again where nobody can say which ledger it is', async () => {
  await fill(log, streamOf(1), 2);
  let away = 1;
  sameLedger = async () => {
    if (away-- > 0) throw new EngineError('the vault is away');
    return true;
  };
  const { relay } = start();
  await eventually('it tries again', () => relay.status.fault === 'the vault is away');
  await published(2);
  expect(relay.status.state).toBe('relaying');
});

it('knows the age of what is not published', async () => {
  expect(await unpublishedMs(log, checkpoints)).toBe(0);
});
