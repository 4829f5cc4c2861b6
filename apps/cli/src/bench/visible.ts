import { isJsonObject } from '#libs/core';
import { textOf } from '../api';
import { CliError } from '../verb';
import type { Bench } from './bench';
import { singleBodies } from './generate';
import { HttpLine, jsonOf, requestBytes } from './http-line';
import type { Answer } from './http-line';
import { caughtUp } from './lag';
import { openLoop } from './load';
import { registerCustomers } from './single';
import { SINGLE_CUSTOMERS, VISIBLE_RATE } from './sizes';
import { Durations } from './statistics';

const CONNECTIONS = 24;
const PROBES = 8;
/** A look at every command would double the load that is looked at. */
const PROBED_EVERY = 10;
const WAIT_MS = 5_000;
/** Share of the rate that has to be held; the last answers always come a moment after the last second. */
const HELD = 0.98;

/** From a command's receipt until a timeline shows it, while a steady stream of commands goes on. */
export async function measureVisible(bench: Bench): Promise<void> {
  const running = await bench.start(bench.emptyLedger('visible'));
  const probes = new Probes({ port: running.server.port, key: running.key, count: PROBES });
  try {
    const customers = await registerCustomers(running, SINGLE_CUSTOMERS);
    await caughtUp(running);
    await probes.open();
    const requests = singleBodies(customers).map((body) =>
      requestBytes('POST', '/v1/touchpoints', { key: running.key, body: withoutOccurredAt(body) }),
    );
    let sent = 0;
    let answered = 0;
    const load = await openLoop({
      port: running.server.port,
      connections: CONNECTIONS,
      durationMs: bench.sizes.visibleMs,
      ratePerSecond: VISIBLE_RATE,
      next: () => requests[sent++ % requests.length] ?? Buffer.alloc(0),
      onAnswer: (answer) => {
        if (answered++ % PROBED_EVERY === 0) probes.look(jsonOf(answer));
      },
    });
    await probes.settled();
    const summary = probes.durations.summary();
    bench.emit({
      figure: 'visible-p99',
      value: summary.p99Ms,
      unit: 'ms',
      target: { atMost: 100 },
      details: {
        ...summary,
        accepted: { ...load.durations.summary() },
        notLookedAt: probes.skipped,
      },
    });
    // The figure above is one at this rate only.
    bench.emit({
      figure: 'visible-rate',
      value: load.ratePerSecond,
      unit: 'commands/s',
      target: { atLeast: VISIBLE_RATE * HELD },
    });
  } finally {
    probes.close();
    await running.close();
  }
}

/** The newest event is then the first of its timeline, whatever the generator's dates are. */
export function withoutOccurredAt(body: string): string {
  return body.replace(/"occurredAt":"[^"]*",/, '');
}

export interface ProbesOptions {
  /** Where timelines are asked for. */
  readonly port: number;
  readonly key: string;
  readonly count: number;
}

/** Connections that wait for one event each. */
export class Probes {
  readonly durations = new Durations();
  /** Commands that found every probe waiting: the figure would then leave the slowest out, so it is told. */
  skipped = 0;
  #lines: readonly HttpLine[] = [];
  #fault: Error | undefined;
  readonly #waiting = new Set<Promise<void>>();

  constructor(private readonly options: ProbesOptions) {}

  async open(): Promise<void> {
    const { count, port } = this.options;
    this.#lines = await HttpLine.openMany(count, port, (error) => (this.#fault = error));
  }

  /** `afterMs` is what the command itself had taken, where that is to be counted. */
  look(receipt: unknown, afterMs = 0): void {
    const line = this.#lines.find(({ free }) => free);
    if (line === undefined || !isJsonObject(receipt)) {
      this.skipped++;
      return;
    }
    const { eventId, customerId, revision } = receipt;
    const path = `/v1/customers/${textOf(customerId)}/timeline?limit=10&waitFor=${textOf(revision)}&waitMs=${WAIT_MS}`;
    const acceptedMs = performance.now();
    const looking = line.ask(requestBytes('GET', path, { key: this.options.key })).then((answer) => {
      this.durations.add(afterMs + performance.now() - acceptedMs);
      if (!shows(answer, textOf(eventId)))
        this.#fault = new CliError('a timeline did not show what it had waited for');
      this.#waiting.delete(looking);
    });
    this.#waiting.add(looking);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#waiting);
    if (this.#fault !== undefined) throw this.#fault;
  }

  close(): void {
    for (const line of this.#lines) line.close();
  }
}

function shows({ status, bytes, bodyAt }: Answer, eventId: string): boolean {
  return status === 200 && bytes.includes(eventId, bodyAt);
}
