import { somebody, touchpoint } from '../e2e/client';
import type { Loose } from '../e2e/client';
import { Server } from '../e2e/server';
import { compare, retryAll, verifyEverything } from './invariants';
import { Oracle } from './oracle';
import { seeded } from './random';

/** `KILLS=100 npx jest test/faults` for the long run; `SEED=` repeats one. */
const KILLS = Number(process.env['KILLS'] ?? 5);
const SEED = Number(process.env['SEED'] ?? 20_260_101);
const CUSTOMERS = 40;
const LINES_A_BULK = 250;
const SINGLE_WRITERS = 4;
const LONGEST_LIFE_MS = 900;

jest.setTimeout(60_000 + KILLS * 20_000);

const customers = Array.from({ length: CUSTOMERS }, () => somebody());

/** Writes singly and in bulk until the server is gone; what it is told goes to the oracle. */
async function load(server: Server, oracle: Oracle, random: () => number, round: number): Promise<void> {
  const api = server.client();
  let sent = 0;
  const make = (): Loose => {
    const id = `k-${round}-${sent++}`;
    const customer = customers[Math.floor(random() * CUSTOMERS)];
    return touchpoint({ customer, content: `content ${id}`, source: { system: 'kill', id } });
  };
  const singles = Array.from({ length: SINGLE_WRITERS }, async () => {
    for (;;) {
      const body = make();
      oracle.intend([body]);
      const answer = await api.post('/v1/touchpoints', body);
      if (answer.status === 201) oracle.ack([body], { receipt: answer.body, text: answer.text });
    }
  });
  const bulks = (async () => {
    for (;;) {
      const bodies = Array.from({ length: LINES_A_BULK }, make);
      oracle.intend(bodies);
      const answer = await api.bulk(bodies.map((body) => ({ command: 'touchpoint', ...body })));
      if (answer.status === 200 && answer.body.accepted === LINES_A_BULK) oracle.ack(bodies);
    }
  })();
  await Promise.allSettled([...singles, bulks]);
}

test(`kill -9 under load, ${KILLS} times`, async () => {
  const random = seeded(SEED);
  const recoveriesMs: number[] = [];
  let server = await Server.start();
  const { home } = server;
  const oracle = new Oracle(home);
  for (let round = 0; round < KILLS; round++) {
    const lifeMs = 30 + random() * LONGEST_LIFE_MS;
    const loading = load(server, oracle, random, round);
    const deadline = setTimeout(() => void server.kill(), lifeMs);
    await loading;
    clearTimeout(deadline);
    await server.ended;
    const begun = performance.now();
    server = await Server.start({ home });
    recoveriesMs.push(performance.now() - begun);
    const found = await compare(server.client(), oracle);
    expect({ round, ...found }).toEqual({
      round,
      ackedTotal: oracle.acked.size,
      ackedLost: 0,
      dup: 0,
      gaps: 0,
      changed: 0,
      unknown: 0,
    });
  }
  const api = server.client();
  await verifyEverything(server);
  expect(await retryAll(api, oracle)).toBe(0);
  // Everything again, acknowledged or not: each source ends in the ledger once.
  const lines = [...oracle.intents.values()].map((body) => ({ command: 'touchpoint', ...body }));
  const again = await api.bulk(lines);
  expect([again.body.accepted + again.body.duplicates, again.body.rejected]).toEqual([lines.length, 0]);
  expect(again.body.duplicates).toBeGreaterThanOrEqual(oracle.acked.size);
  oracle.ack([...oracle.intents.values()]);
  const last = await compare(api, oracle);
  expect(last).toMatchObject({ ackedLost: 0, dup: 0, gaps: 0, changed: 0, unknown: 0 });
  expect((await api.bulk(lines)).body).toMatchObject({ accepted: 0, duplicates: lines.length });
  await verifyEverything(server);
  recoveriesMs.sort((a, b) => a - b);
  const at = (share: number): number => Math.round(recoveriesMs[Math.floor(share * (KILLS - 1))] ?? 0);
  const report = { fault: 'kill -9 under load', seed: SEED, trials: KILLS, ...last };
  const recovery = { p50RecoveryMs: at(0.5), p99RecoveryMs: at(0.99) };
  process.stdout.write(
    `${JSON.stringify({ ...report, ...recovery, notes: 'process death, not power loss' })}\n`,
  );
  oracle.close();
  await server.dispose();
});
