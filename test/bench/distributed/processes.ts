import { readFileSync } from 'node:fs';
import { rounded } from '../../../apps/cli/src/bench/statistics';

/** Of the kernel's clock, in which /proc counts: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;
/** Fields of /proc/<pid>/stat behind the name, which may hold blanks: utime and stime. */
const UTIME_AT = 11;
const STIME_AT = 12;
/** Of the first line of /proc/stat: idle and iowait. */
const IDLE = new Set([3, 4]);
const LOWEST_SHOWN = 0.01;

const NAMES: readonly (readonly [RegExp, string])[] = [
  [/dist\/apps\/([a-z-]+)\//, '$1'],
  [/kafka\.Kafka/, 'kafka'],
  [/engines\/eventstoredb\/main\.ts/, 'eventstoredb-double'],
  [/mongod\b/, 'mongodb'],
];

/** Cores that something kept busy, 1 for one of them. */
export type Busy = Readonly<Record<string, number>>;

/**
 * Who uses the cores while something is measured: each server and role that this process has started, itself, and
 * everybody else on the machine. What runs in containers counts as others.
 */
export class CpuWatch {
  readonly #startedMs = performance.now();
  readonly #before = ticks();

  stop(): Busy {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const busy: Record<string, number> = {};
    for (const [name, now] of ticks()) {
      const cores = (now - (this.#before.get(name) ?? 0)) / TICKS_A_SECOND / seconds;
      if (cores >= LOWEST_SHOWN) busy[name] = rounded(cores, 2);
    }
    return busy;
  }
}

function ticks(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  let others = busyTicks();
  for (const pid of [process.pid, ...children(process.pid)]) {
    const used = ticksOf(pid);
    const name = pid === process.pid ? 'bench' : nameOf(pid);
    found.set(name, (found.get(name) ?? 0) + used);
    others -= used;
  }
  return found.set('others', others);
}

function children(pid: number): readonly number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`).trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

function ticksOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[UTIME_AT] ?? 0) + Number(fields[STIME_AT] ?? 0);
}

function nameOf(pid: number): string {
  const command = read(`/proc/${pid}/cmdline`);
  for (const [pattern, name] of NAMES) {
    const match = pattern.exec(command);
    if (match !== null) return name.replace('$1', match[1] ?? '');
  }
  return 'unknown';
}

function busyTicks(): number {
  const [line = ''] = read('/proc/stat').split('\n');
  const fields = line.trim().split(/\s+/).slice(1).map(Number);
  return fields.slice(0, 8).reduce((sum, value, i) => (IDLE.has(i) ? sum : sum + value), 0);
}

/** Empty where it is gone, or where the system has no /proc. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
