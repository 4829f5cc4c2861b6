import { parseArgs } from 'node:util';
import type { PromoteReport, PromoteStep } from '#libs/distributed';
import { distributedTarget } from './distributed-target';
import { grouped, progressDisplay } from './import/progress';
import type { ProgressDisplay } from './import/progress';
import { interruptible } from './interruptible';
import { EXIT_NOT_ALL_WELL, EXIT_OK, UsageError } from './verb';
import type { Verb, VerbContext } from './verb';

const usage = `touchstone promote --to distributed [--verify-only] [--json]

Takes the embedded ledger of the data directory over into EventStoreDB, Kafka and MongoDB, then proves that both hold the
same: events, the last leaf hash of every stream, vault, read models. Stop the server first. Where to is what the roles
read: TOUCHSTONE_EVENTSTORE_URL, TOUCHSTONE_KAFKA_BROKERS (and the other TOUCHSTONE_KAFKA_…), TOUCHSTONE_MONGODB_URL. The
root key file stays the ledger's. Broken off, run it again: it goes on where it stopped, and writes nothing twice. The
embedded ledger stays as it is; do not start it again once the roles take commands.

  --verify-only   copies nothing, only compares

Exit code: 0 when both hold the same, 1 when something differs.
`;

/** What an embedded ledger can be promoted to. */
const TARGETS: readonly string[] = ['distributed'];

export const promoteVerb: Verb = {
  name: 'promote',
  summary: 'take an embedded ledger over into the distributed engines',
  usage,
  async run(args, context) {
    const { values } = parseArgs({
      args,
      options: {
        to: { type: 'string' },
        'verify-only': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    if (!TARGETS.includes(values.to ?? '')) throw new UsageError(`say --to ${TARGETS.join(' or ')}`);
    const startedMs = performance.now();
    // Here, not above: all other verbs start without the drivers.
    const { engineVariables, promote, PromoteError } = await import('#libs/distributed');
    const target = distributedTarget(engineVariables, process.env, context.dataDirectory);
    const report = await watched(context, (tell) =>
      interruptible([PromoteError], (signal) =>
        promote({ ...target, verifyOnly: values['verify-only'], tell, signal }),
      ),
    );
    const seconds = Math.round(performance.now() - startedMs) / 1_000;
    const json = context.json || values.json;
    context.stdout.write(json ? `${JSON.stringify({ ...report, seconds })}\n` : describe(report, seconds));
    return report.same ? EXIT_OK : EXIT_NOT_ALL_WELL;
  },
};

/** Shows how far it has come, phase by phase. */
async function watched<Result>(
  { stderr, isTTY }: VerbContext,
  work: (tell: (step: PromoteStep) => void) => Promise<Result>,
): Promise<Result> {
  let phase = '';
  let display: ProgressDisplay | undefined;
  const tell = (step: PromoteStep): void => {
    if (step.phase !== phase) {
      display?.end();
      phase = step.phase;
      stderr.write(`${phase}\n`);
      display = progressDisplay({
        write: (text) => stderr.write(text),
        isTerminal: isTTY,
        nowMs: () => performance.now(),
        unit: phase === 'vault' ? 'rows and entries' : 'events',
      });
    }
    display?.show({ bytes: step.share, totalBytes: 1, rows: step.count });
  };
  try {
    return await work(tell);
  } finally {
    display?.end();
  }
}

function describe(report: PromoteReport, seconds: number): string {
  const { same, copied, events, streams, differingHeads, differingEvents, vault, readModels } = report;
  const told = (differing: number): string => (differing === 0 ? 'the same' : `${grouped(differing)} differ`);
  const lines = [
    `copied       ${grouped(copied.appended)} events, ${grouped(copied.present)} were there already`,
    `events       ${grouped(events.embedded)} embedded, ${grouped(events.distributed)} distributed, ${told(differingEvents)}`,
    `streams      ${grouped(streams)}, revision and leaf hash of the last event: ${told(differingHeads)}`,
    `vault        ${grouped(vault.rows)} customers, ${grouped(vault.entries)} identifiers, ${grouped(vault.apiKeys)} API keys: ${told(vault.differing)}`,
    `read models  ${grouped(readModels.compared)} documents: ${told(readModels.differing + readModels.undecided)}`,
    ...report.examples.map(({ stream, revision }) => `  ${stream} revision ${revision}`),
    ...readModels.examples.map(({ projection, customerId, what, fields }) =>
      `  ${projection} of customer ${customerId}: ${what} ${fields.join(', ')}`.trimEnd(),
    ),
    same
      ? `Both hold the same (${seconds.toFixed(1)} s). Start the roles; do not start the embedded server on this ledger again.`
      : 'They do not hold the same: do not use the target.',
  ];
  return `${lines.join('\n')}\n`;
}
