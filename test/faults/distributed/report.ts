import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Loose } from '../../e2e/client';
import { ROOT } from '../../e2e/server';
import type { FaultRecord } from './campaign';
import type { Engines } from './engines';

const FILE = join(__dirname, 'fault-report.json');
const BYTES_A_GIB = 1024 ** 3;

/** Written to the file that `FAULT_REPORT` names, or beside this one. Returns its name. */
export function writeReport(report: Loose): string {
  const file = process.env['FAULT_REPORT'] ?? FILE;
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}

/** Of each kind of fault: how many, and the times of recovery in the middle and at the end. */
export function summary(faults: readonly FaultRecord[]): Loose {
  const names = [...new Set(faults.map(({ target, kind }) => `${target} ${kind}`))].toSorted();
  return Object.fromEntries(
    names.map((name) => {
      const of = faults.filter(({ target, kind }) => `${target} ${kind}` === name);
      const recovered = of.map(({ recoveredMs }) => recoveredMs);
      const caughtUp = of.map(({ caughtUpMs }) => caughtUpMs);
      return [
        name,
        {
          trials: of.length,
          p50RecoveredMs: at(recovered, 0.5),
          maxRecoveredMs: at(recovered, 1),
          p50CaughtUpMs: at(caughtUp, 0.5),
          maxCaughtUpMs: at(caughtUp, 1),
        },
      ];
    }),
  );
}

function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? sorted[0] ?? 0;
}

/** What it ran on. The event store is a double of ours wherever it is not a real one. */
export async function versions({ mongodb }: Engines): Promise<Loose> {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const pom = readFileSync(join(ROOT, 'test/engines/kafka/pom.xml'), 'utf8');
  const info = await (await mongodb.primary()).command({ buildInfo: 1 });
  return {
    commit: commit(),
    node: process.version,
    mongodb: info['version'],
    kafka: /<artifactId>kafka_[^<]*<\/artifactId>\s*<version>([^<]+)/.exec(pom)?.[1] ?? 'as KAFKA_HOME says',
    eventstoredb: 'test double over the embedded log',
    drivers: Object.fromEntries(
      ['@eventstore/db-client', 'kafkajs', 'mongodb'].map((name) => [name, dependencies[name]]),
    ),
    machine: {
      processors: cpus().length,
      model: cpus()[0]?.model,
      memoryGib: Math.round(totalmem() / BYTES_A_GIB),
      kernel: release(),
    },
  };
}

function commit(): string {
  try {
    const told = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], { cwd: ROOT });
    return told.toString().trim();
  } catch {
    return 'unknown';
  }
}
