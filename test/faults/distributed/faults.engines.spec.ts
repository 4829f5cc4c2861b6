import { DistributedServer } from '../../e2e/distributed-server';
import type { Loose } from '../../e2e/client';
import { compare, retryAll } from '../invariants';
import { Oracle } from '../oracle';
import { Campaign, plan } from './campaign';
import { Engines } from './engines';
import { kills, outages, troubles } from './faults';
import type { Fault } from './faults';
import { auditRecords, readEffects } from './final-checks';
import { Load } from './load';
import { summary, versions, writeReport } from './report';

/**
 * `KILLS=200 npm run test:engines -- test/faults` for the long run; `SEED=` repeats one's order of faults, `ONLY=` takes
 * those whose target and kind it matches, as `^projector`, `link cut`.
 */
const KILLS = Number(process.env['KILLS'] ?? 6);
const SEED = Number(process.env['SEED'] ?? 20_260_101);
/** From so many kills on a run may take its time. */
const MANY = 20;
const MAX_SHOWN = 20;
/** Of a verification: a long run leaves many events. */
const VERIFIED_DEADLINE_MS = 240_000 + KILLS * 5_000;
const ONLY = new RegExp(process.env['ONLY'] ?? '');
/** Two of each role that may be two: writers that race, relays and projectors that take over. */
const PROCESSES = { 'command-api': 2, relay: 2, projector: 2 } as const;
const NOTES = [
  'SIGKILL keeps the page cache: process death, not power loss',
  'one broker, one MongoDB node: no fail-over between servers',
];

jest.setTimeout(300_000 + KILLS * 60_000);

test(`${KILLS} kills and what else goes wrong, under load, on the distributed engines`, async () => {
  const startedAt = new Date().toISOString();
  const engines = await Engines.start();
  const server = await DistributedServer.start({}, { engines: engines.addresses, processes: PROCESSES });
  const oracle = new Oracle(server.home);
  const urls = (): readonly string[] => server.all('command-api').map(({ url }) => url);
  const load = new Load(urls, oracle, SEED);
  const campaign = new Campaign(server, load, SEED + 1);
  const report: Loose = { fault: 'kills and faults on the distributed engines', seed: SEED, startedAt };
  try {
    const wanted = ({ target, kind }: Fault): boolean => ONLY.test(`${target} ${kind}`);
    const deaths = kills(server, engines).filter(wanted);
    const long = KILLS >= MANY ? outages(engines) : [];
    const others = [...troubles(server, engines, oracle), ...long].filter(wanted);
    const faults = plan(SEED, KILLS, deaths, others);
    await campaign.run(faults, (done) => process.stdout.write(`${JSON.stringify(done)}\n`));
    await examine(server, oracle, load, report);
  } catch (error) {
    report.failure = error instanceof Error ? error.message : 'unknown';
    throw error;
  } finally {
    const { answers, unexpected } = load.sender;
    Object.assign(report, {
      endedAt: new Date().toISOString(),
      trials: campaign.faults.length,
      kills: campaign.faults.filter(({ kind }) => kind === 'kill').length,
      races: { checks: load.races.run, faults: load.races.faults },
      answers: Object.fromEntries(answers),
      unexpected,
      internal: internalFaults(server),
      crashes: campaign.crashes,
      summary: summary(campaign.faults),
      faults: campaign.faults,
      versions: await versions(engines).catch(() => 'unknown'),
      notes: NOTES,
    });
    process.stdout.write(`${writeReport(report)}\n`);
    oracle.close();
    await server.dispose();
    await engines.stop();
  }
  const { ledger, readModels } = report.verified;
  expect(report).toMatchObject({
    lost: 0,
    duplicates: 0,
    gaps: 0,
    changed: 0,
    unknown: 0,
    differentAnswers: 0,
    effects: { missing: 0, doubleEffects: 0, miscounted: 0, strayStreams: 0, wrongHolders: 0 },
    races: { faults: [] },
    unexpected: [],
    crashes: [],
  });
  expect({ ledger: ledger.ok, readModels: readModels.ok }).toEqual({ ledger: true, readModels: true });
});

/** What the processes that run now have logged about answers with 500. */
function internalFaults({ output }: DistributedServer): readonly string[] {
  const lines = output.split('\n').filter((line) => line.includes('"code":"internal"'));
  return lines.slice(0, MAX_SHOWN);
}

/** Everything that the oracle can ask once all is quiet; told as it is found out, so that a fault of the last leaves the rest. */
async function examine(
  server: DistributedServer,
  oracle: Oracle,
  { races }: Load,
  report: Loose,
): Promise<void> {
  const api = server.client();
  const { ackedTotal, ackedLost, dup, ...rest } = await compare(api, oracle);
  Object.assign(report, { acked: ackedTotal, intended: oracle.intents.size, lost: ackedLost });
  Object.assign(report, { duplicates: dup, ...rest });
  const effects = await readEffects(server, oracle, races.links);
  const { records, doubleEffects } = effects;
  Object.assign(report, { effects, doubleEffects });
  const ledger = await api.verified('ledger', VERIFIED_DEADLINE_MS);
  // The whole log against the customers that the client knows: nothing stands beside them.
  effects.strayStreams += Math.abs(ledger.ledger.streams - effects.customers);
  report.verified = { ledger };
  const readModels = await api.verified('readmodels', VERIFIED_DEADLINE_MS);
  Object.assign(report, { parity: readModels.readModels, verified: { ledger, readModels } });
  report.audit = auditRecords(records);
  report.differentAnswers = await retryAll(api, oracle);
}
