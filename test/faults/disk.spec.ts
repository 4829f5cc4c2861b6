import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectProblem, somebody, touchpoint } from '../e2e/client';
import type { Answer, Loose } from '../e2e/client';
import { newHome, removeHome, Server } from '../e2e/server';
import { eventually } from '../e2e/wait';
import { audit, compare, verifyEverything } from './invariants';
import { Oracle } from './oracle';

jest.setTimeout(90_000);

const canMount = mayMount();
const canTrace = sh('strace -qq -e trace=none true');
if (!canMount) console.warn('skipped: no right to mount a tmpfs, so no disk can be filled');
if (!canTrace) console.warn('skipped: no strace, so no fsync can be made to fail');

/** Whether a tool of the machine did it. */
function sh(line: string): boolean {
  return spawnSync('sh', ['-c', line]).status === 0;
}

function mayMount(): boolean {
  const home = newHome();
  try {
    return sh(`mount -t tmpfs -o size=1m tmpfs ${home}`) && sh(`umount ${home}`);
  } finally {
    removeHome(home);
  }
}

const make = (i: number, size = 2_000): Loose =>
  touchpoint({
    customer: i % 7 === 0 ? somebody() : { identifiers: [{ type: 'crm', value: `disk-${i % 5}` }] },
    content: `${i} ${'x'.repeat(size)}`,
    source: { system: 'disk', id: `d-${i}` },
  });

(canMount ? test : test.skip)('a full disk: nothing acknowledged is lost, and it goes on', async () => {
  const outside = newHome();
  const home = newHome();
  const data = join(home, 'data');
  mkdirSync(data);
  expect(sh(`mount -t tmpfs -o size=12m tmpfs ${data}`)).toBe(true);
  const oracle = new Oracle(outside);
  let server = await Server.start({ home, env: { TOUCHSTONE_ROOT_KEY_FILE: join(outside, 'root.key') } });
  try {
    // So that there is something to give back later.
    writeFileSync(join(data, 'ballast'), Buffer.alloc(4 * 1024 * 1024));
    const api = server.client();
    let i = 0;
    const send = async (): Promise<Answer> => {
      const body = make(i++);
      oracle.intend([body]);
      const answer = await api.post('/v1/touchpoints', body);
      if (answer.status === 201) oracle.ack([body], { receipt: answer.body, text: answer.text });
      return answer;
    };
    const full = await eventually(
      'the disk is full',
      async () => {
        const answers = await Promise.all(Array.from({ length: 20 }, send));
        return answers.find(({ status }) => status !== 201);
      },
      60_000,
    );
    expectProblem(full, 503, 'unavailable');
    // More than travel together: those behind must not take the process along when those in front fail.
    const bulk = Array.from({ length: 1_500 }, () => ({ command: 'touchpoint', ...make(i++) }));
    oracle.intend(bulk.map(({ command: _command, ...body }) => body));
    const refused = await api.bulk(bulk);
    expect(refused.status).toBe(503);
    expect((await api.get('/health/live')).status).toBe(200);
    rmSync(join(data, 'ballast'));
    const after = await eventually('writing goes on', async () => {
      const answer = await send();
      return answer.status === 201 ? answer : undefined;
    });
    expect(after.body.eventId).toBeDefined();
    const found = await compare(api, oracle);
    expect(found).toMatchObject({ ackedLost: 0, dup: 0, gaps: 0, changed: 0, unknown: 0 });
    await verifyEverything(server);
    expect((await server.stop()).code).toBe(0);
    server = await Server.start({ home, env: { TOUCHSTONE_ROOT_KEY_FILE: join(outside, 'root.key') } });
    const again = await compare(server.client(), oracle);
    expect(again).toMatchObject({ ackedLost: 0, dup: 0, gaps: 0, changed: 0, unknown: 0 });
    process.stdout.write(`${JSON.stringify({ fault: 'ENOSPC', seed: 0, trials: 1, ...again })}\n`);
  } finally {
    await server.kill();
    expect(sh(`umount -l ${data}`)).toBe(true);
    oracle.close();
    removeHome(home);
    removeHome(outside);
  }
});

(canTrace ? test : test.skip)('fsync fails: the process stops acknowledging and ends', async () => {
  const home = newHome();
  // A ledger first, so that the faults below meet a commit and not a start.
  await (await Server.start({ home })).stop();
  const oracle = new Oracle(home);
  const inject = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO:when=12+'];
  const server = await Server.start({ home, before: ['strace', '-f', '-qq', '-o', '/dev/null', ...inject] });
  let i = 0;
  const answers: Answer[] = [];
  await Promise.race([
    server.ended,
    (async () => {
      for (;;) {
        const body = make(i++, 10);
        oracle.intend([body]);
        const answer = await server
          .client()
          .post('/v1/touchpoints', body)
          .catch(() => undefined);
        if (answer === undefined) return;
        answers.push(answer);
        if (answer.status === 201) oracle.ack([body], { receipt: answer.body, text: answer.text });
      }
    })(),
  ]);
  const { code } = await server.ended;
  // 70, or none where the driver's own thread aborts the process while it exits: ended, either way.
  expect(code).not.toBe(0);
  for (const answer of answers) expect([201, 503]).toContain(answer.status);
  // After the first refusal nothing more was acknowledged.
  const firstRefused = answers.findIndex(({ status }) => status !== 201);
  if (firstRefused >= 0) expect(answers.slice(firstRefused).every(({ status }) => status !== 201)).toBe(true);
  const recovered = await Server.start({ home });
  const found = await compare(recovered.client(), oracle);
  expect(found).toMatchObject({ ackedLost: 0, dup: 0, gaps: 0, changed: 0, unknown: 0 });
  await recovered.stop();
  audit(recovered.directory);
  process.stdout.write(`${JSON.stringify({ fault: 'fsync EIO', seed: 0, trials: 1, ...found })}\n`);
  oracle.close();
  removeHome(home);
});
