import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, somebody, touchpoint } from '../e2e/client';
import { newHome, removeHome, Server } from '../e2e/server';
import { eventually } from '../e2e/wait';
import { audit } from './invariants';

jest.setTimeout(60_000);

/** A refused start: a line on standard error, and an exit code that says so. */
async function refusal(server: Server): Promise<string> {
  expect(await server.ended).toEqual({ code: 1, signal: null });
  expect(server.output.trimEnd().split('\n')).toHaveLength(1);
  expect(server.output).not.toMatch(/ at .*\.js|node_modules/);
  return server.output;
}

describe('a data directory', () => {
  it('belongs to one process at a time', async () => {
    const first = await Server.start();
    const { home } = first;
    const { eventId } = await first.client().accept('/v1/touchpoints', touchpoint());
    expect(await refusal(Server.spawn({ home }))).toContain('in use by another Touchstone process');
    // The refused one has taken nothing away from the first.
    expect(existsSync(join(first.directory, 'server.json'))).toBe(true);
    expect((await first.client().get(`/v1/events/${eventId}`)).status).toBe(200);
    await first.client().accept('/v1/touchpoints', touchpoint());
    await first.kill();
    // However the first ended, the next one may have it.
    const next = await Server.start({ home });
    expect((await next.client().get(`/v1/events/${eventId}`)).status).toBe(200);
    await next.dispose();
  });

  it('is opened with its own root key only, and a missing one is never made anew', async () => {
    const server = await Server.start();
    const { home } = server;
    const keyFile = join(home, 'data.key');
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(statSync(server.directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(server.directory, 'server.json')).mode & 0o777).toBe(0o600);
    await server.client().accept('/v1/touchpoints', touchpoint());
    await server.stop();
    expect(existsSync(join(server.directory, 'server.json'))).toBe(false);
    renameSync(keyFile, `${keyFile}.away`);
    expect(await refusal(Server.spawn({ home }))).toContain('is missing');
    expect(existsSync(keyFile)).toBe(false);
    const other = newHome();
    await (await Server.start({ home: other })).stop();
    writeFileSync(keyFile, readFileSync(join(other, 'data.key')));
    expect(await refusal(Server.spawn({ home }))).toMatch(/key/);
    for (const rubbish of ['', 'touchstone-root-key-v1:AAAA', 'x'.repeat(100_000)]) {
      writeFileSync(keyFile, rubbish);
      expect(await refusal(Server.spawn({ home }))).toContain('not a Touchstone root key');
    }
    renameSync(`${keyFile}.away`, keyFile);
    const again = await Server.start({ home });
    expect(await again.client().verified('ledger')).toMatchObject({ ok: true });
    await again.dispose();
    removeHome(other);
  });

  it.each([
    [{ TOUCHSTONE_DATADIR: '/x' }, 'TOUCHSTONE_DATADIR'],
    [{ TOUCHSTONE_ADMIN_KEY: 'short' }, 'TOUCHSTONE_ADMIN_KEY'],
    [{ PORT: 'many' }, 'PORT'],
    [{ TOUCHSTONE_LOG_LEVEL: 'loud' }, 'TOUCHSTONE_LOG_LEVEL'],
    [{ TOUCHSTONE_MONGODB_URL: 'mongodb://x' }, 'TOUCHSTONE_MONGODB_URL'],
  ])('is not touched where the configuration is refused: %j', async (env, name) => {
    const server = Server.spawn({ env });
    const said = await refusal(server);
    expect(said).toContain(name);
    expect(said).not.toMatch(/short|mongodb:\/\/x/);
    expect(existsSync(server.directory)).toBe(false);
    removeHome(server.home);
  });

  it('is not opened where one of its files is another’s', async () => {
    const server = await Server.start();
    await server.client().accept('/v1/touchpoints', touchpoint());
    await server.stop();
    // Without its write-ahead log, from which SQLite would mend it.
    for (const end of ['-wal', '-shm']) rmSync(join(server.directory, `log.db${end}`), { force: true });
    writeFileSync(
      join(server.directory, 'log.db'),
      'this is no database, whatever its name says'.repeat(200),
    );
    const refused = Server.spawn({ home: server.home });
    const { code } = await refused.ended;
    expect(code).not.toBe(0);
    expect(refused.output).not.toContain('listens at');
    removeHome(server.home);
  });
});

describe('SIGTERM', () => {
  it('lets requests under way finish, and takes no new ones', async () => {
    const server = await Server.start();
    const api = server.client();
    const first = somebody();
    const lines = Array.from({ length: 5_000 }, (_, i) => ({
      command: 'touchpoint',
      ...touchpoint(i === 0 ? { customer: first } : {}),
    }));
    const bulk = api.bulk(lines);
    await eventually('the bulk is under way', async () => {
      const found = await api.post('/v1/customers/lookup', { identifier: first.identifiers[0] });
      return found.status === 200 ? true : undefined;
    });
    const singles = Array.from({ length: 20 }, () => api.post('/v1/touchpoints', touchpoint()));
    await Promise.any(singles);
    const ended = server.stop();
    await eventually('new connections are refused', async () => {
      const answer = new Client(server.url, undefined).get('/health/live', { connection: 'close' });
      return answer.then(
        () => undefined,
        () => true,
      );
    });
    // One whose connection nobody had taken yet may be turned away; none is told anything else.
    const answers = (await Promise.allSettled(singles)).flatMap((result) =>
      result.status === 'fulfilled' ? [result.value] : [],
    );
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    const { body } = await bulk;
    expect(body).toEqual({ accepted: 5_000, duplicates: 0, rejected: 0, errors: [] });
    expect(await ended).toEqual({ code: 0, signal: null });
    audit(server.directory);
    const again = await Server.start({ home: server.home });
    const ids = answers.map(({ body: receipt }) => String(receipt.eventId));
    for (const id of ids) expect((await again.client().get(`/v1/events/${id}`)).status).toBe(200);
    await again.dispose();
  });
});
