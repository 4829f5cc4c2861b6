import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#libs/testing';
import { appendRecords, FedTopic, streamOf } from './fed-topic';

/** Joining a group and making a topic take their time. */
jest.setTimeout(60_000);
const READ_WITHIN_MS = 30_000;

const ROOT = join(__dirname, '../../..');
const BROKERS = process.env['TEST_KAFKA_BROKERS'] ?? '';
const STREAMS = 5;
const EVENTS = 20;

/** The program of docs/kafka.md, as a reader would copy it. */
function program(): string {
  const page = readFileSync(join(ROOT, 'docs/kafka.md'), 'utf8');
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  return code;
}

const fed = new FedTopic({ brokers: [BROKERS] });
const folder = mkdtempSync(join(tmpdir(), 'touchstone-page-'));
let reader: ChildProcess | undefined;
let output = '';
let ended = false;

function follow(): void {
  const file = join(folder, 'follow.cjs');
  writeFileSync(file, program());
  const own = { BROKERS, TOPIC: fed.topic.name, NODE_PATH: join(ROOT, 'node_modules') };
  reader = spawn(process.execPath, [file], { env: { ...process.env, ...own } });
  reader.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  reader.once('exit', () => (ended = true));
}

/** Stream → revisions, as they were printed. */
function printed(): Map<string, number[]> {
  const streams = new Map<string, number[]>();
  for (const [, stream = '', revision] of output.matchAll(
    /^\S+ (customer-\S+) (\d+) touchpoint-recorded\.v1 \{.*\}$/gm,
  )) {
    streams.set(stream, [...(streams.get(stream) ?? []), Number(revision)]);
  }
  return streams;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const lines = (): number => [...printed().values()].flat().length;

beforeAll(() => fed.open());
afterAll(async () => {
  reader?.kill('SIGKILL');
  await fed.dispose();
  rmSync(folder, { recursive: true, force: true });
});

it('follows the topic: each event once, in the order of its stream, also where the relay repeats', async () => {
  for (let i = 0; i < STREAMS; i++) await appendRecords(fed.log, streamOf(i), EVENTS);
  await eventually('all is published', () => fed.published());
  follow();
  await eventually('the reader has read it', () => lines() >= STREAMS * EVENTS || ended, READ_WITHIN_MS);

  await fed.stopRelay();
  const { checkpoint } = fed.relay;
  if (checkpoint === undefined) throw new Error('nothing was relayed');
  fed.relay.checkpoint = { ...checkpoint, position: 0 };
  await fed.startRelay();
  for (let i = 0; i < STREAMS; i++) await appendRecords(fed.log, streamOf(i), 1, EVENTS - 1);
  await eventually(
    'the reader has read on',
    () => lines() >= STREAMS * (EVENTS + 1) || ended,
    READ_WITHIN_MS,
  );

  expect(ended).toBe(false);
  const expected = Array.from({ length: STREAMS }, (_, i) => [streamOf(i), upTo(EVENTS + 1)] as const);
  expect(printed()).toEqual(new Map(expected));
});
