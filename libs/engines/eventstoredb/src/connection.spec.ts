import { EngineError } from '#libs/core';
import { appendTo, fill, streamOf } from '#libs/testing';
import { eventStoreReady, linkEventStore } from './connection';
import { CountingProxy } from './counting-proxy.fixture';
import { DoubleUnderTest } from './double-under-test.fixture';

// Servers that are away, and machines that are busy.
jest.setTimeout(30_000);

let test: DoubleUnderTest;
beforeEach(async () => (test = await DoubleUnderTest.start()));
afterEach(() => test.stop());

it.each(['http://127.0.0.1:2113', 'esdb://', 'esdb://user:secret@host:port', 'esdb://127.0.0.1:2113', ''])(
  'refuses %p without showing it',
  (address) => {
    expect(() => linkEventStore(address)).toThrow(EngineError);
    expect(() => linkEventStore(address)).not.toThrow(/secret|127/);
  },
);

it.each([
  ['tlsVerifyCert=false', 'tlsVerifyCert'],
  ['tls-verify-cert=%66alse', 'tlsVerifyCert'],
  ['tls=false&tlsVerifyCert=False', 'tlsVerifyCert'],
  ['tls=false&maxRetries=3', ': maxRetries'],
  ['dnsDiscover=true', ': dnsDiscover'],
  ['colour&tls=false', 'not understood'],
  ['tls=false&', 'not understood'],
  ['?tls=false', 'not understood'],
  ['', 'not understood'],
])('refuses the options %p, and the console hears nothing of the address', (options, words) => {
  const warned = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  try {
    const address = `esdb://user:se?cret@127.0.0.1:2113?${options}`;
    expect(() => linkEventStore(address)).toThrow(EngineError);
    expect(() => linkEventStore(address)).toThrow(words);
    expect(() => linkEventStore(address)).not.toThrow(/cret|127|colour|3/);
    expect(warned).not.toHaveBeenCalled();
  } finally {
    warned.mockRestore();
  }
});

it('names no piece of a password that is taken for an option', () => {
  const address = 'esdb://user:pass@word?secret=1@127.0.0.1:2113?tls=false';
  expect(() => linkEventStore(address)).toThrow('not understood');
});

it('takes the options that its client knows, in the client’s spellings', async () => {
  const host = new URL(test.double.address).host;
  const options = 'TLS=false&keep_alive_timeout=10000&node-preference=leader&keepAliveInterval=20000';
  const links = linkEventStore(`esdb://user:se?cret@${host}?${options}&tlsVerifyCert=true`);
  expect(links.credentials).toEqual({ username: 'user', password: 'se?cret' });
  await eventStoreReady(links, 5_000);
  await links.close();
});

it('takes an address of KurrentDB, and one with a user', async () => {
  const host = new URL(test.double.address).host;
  for (const address of [
    `kurrentdb://${host}?tls=false`,
    `esdb://us%40er:p%3Aw@${host}/?tls=false&defaultDeadline=500`,
  ]) {
    const links = linkEventStore(address);
    await eventStoreReady(links, 5_000);
    await links.close();
  }
  expect(linkEventStore(`esdb://us%40er:p%3Aw@${host}`).credentials).toEqual({
    username: 'us@er',
    password: 'p:w',
  });
});

it('is ready as soon as the server is, and an error where it is not in time', async () => {
  const links = test.links();
  const back = test.restartAfter(800);
  await expect(eventStoreReady(links, 200)).rejects.toThrow(EngineError);
  await eventStoreReady(links, 10_000);
  await back;
});

it('appends and reads again soon after the server is back', async () => {
  const log = test.log({ attemptMs: 3_000, settleMs: 20_000 });
  await fill(log, streamOf(1), 1);
  const back = test.restartAfter(3_000);
  const pending = Array.from({ length: 20 }, (_, i) => appendTo(log, streamOf(i + 2), -1, {}, {}));
  const read = log.readStream(streamOf(1), 0, 10);
  await back;
  const from = performance.now();
  const results = await Promise.all(pending);
  expect(results.map(({ outcome }) => outcome)).toEqual(Array(20).fill('appended'));
  expect(await read).toHaveLength(1);
  // A tenth of it on a machine that does nothing else.
  expect(performance.now() - from).toBeLessThan(8_000);
  expect(await log.readAll(0, 100)).toHaveLength(41);
});

it('tells an error where the server stays away', async () => {
  const log = test.log({ settleMs: 300 });
  await fill(log, streamOf(1), 1);
  const back = test.restartAfter(1_500);
  await expect(appendTo(log, streamOf(1), 0, {})).rejects.toThrow(EngineError);
  await back;
});

it('takes a new connection where the old one leads nowhere', async () => {
  const proxy = await CountingProxy.before(test.double.address);
  const log = test.log({}, test.index, proxy.address);
  await fill(log, streamOf(1), 1);
  proxy.hang();
  expect(await appendTo(log, streamOf(1), 0, {})).toMatchObject({ outcome: 'appended' });
  proxy.close();
});

it('gives each of its links a connection of its own', async () => {
  const proxy = await CountingProxy.before(test.double.address);
  const log = test.log({}, test.index, proxy.address);
  const stop = new AbortController();
  const follow = log.follow(0, stop.signal)[Symbol.asyncIterator]();
  const first = follow.next();
  await fill(log, streamOf(1), 2);
  await log.head(streamOf(1));
  expect((await first).done).toBe(false);
  expect(proxy.made).toBe(3);
  stop.abort();
  await follow.return?.(undefined);
  proxy.close();
});
