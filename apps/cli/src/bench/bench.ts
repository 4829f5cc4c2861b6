import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '#libs/core';
import { startServer } from './child-server';
import type { ChildServer } from './child-server';
import type { CleanUp } from './clean-up';
import type { BenchOptions } from './options';
import { FULL, QUICK } from './sizes';
import type { Sizes } from './sizes';

/** A line of the output. Details may say anything that explains the value. */
export interface Figure {
  readonly figure: string;
  readonly value: number | null;
  readonly unit: string;
  readonly target?: Target;
  readonly details?: JsonObject;
}

export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** A ledger that is not running, filled or not. */
export interface Ledger {
  readonly directory: string;
  readonly key: string;
}

interface Output {
  write(text: string): unknown;
}

/** What the figures of one run share: options, sizes, places, and where results go. */
export class Bench {
  readonly sizes: Sizes;
  /** Whether a figure has missed its target, or could not be measured. */
  missed = false;
  #figure = '';

  constructor(
    readonly options: BenchOptions,
    readonly cleanUp: CleanUp,
    private readonly stdout: Output,
    private readonly stderr: Output,
  ) {
    this.sizes = options.quick ? QUICK : FULL;
  }

  /** Which group of figures is being measured: decides what is profiled. */
  begin(figure: string): void {
    this.#figure = figure;
    this.say(figure);
  }

  emit({ figure, value, unit, target, details }: Figure): void {
    const ok = target === undefined || value === null ? null : isMet(value, target);
    if (ok === false) this.missed = true;
    this.line({ figure, value, unit, target: target === undefined ? null : told(target), ok, ...details });
  }

  line(value: JsonObject): void {
    this.stdout.write(`${JSON.stringify(value)}\n`);
  }

  say(text: string): void {
    this.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
  }

  /** A ledger of its own, empty or what an earlier run kept under that name. */
  ledger(name: string): Ledger {
    const { data: parent, keep } = this.options;
    const place = this.cleanUp.directory(`touchstone-bench-${name}`, { parent, keep });
    const keyFile = join(place, 'admin.key');
    if (!existsSync(keyFile)) writeFileSync(keyFile, randomBytes(24).toString('hex'), { mode: 0o600 });
    const directory = join(place, 'data');
    if (keep) this.say(`  data in ${directory}`);
    return { directory, key: readFileSync(keyFile, 'utf8').trim() };
  }

  /** As `ledger`, without what an earlier run kept: its customers would be taken already. */
  emptyLedger(name: string): Ledger {
    const ledger = this.ledger(name);
    rmSync(ledger.directory, { recursive: true, force: true });
    return ledger;
  }

  /** A server on a ledger; under the profiler where this group of figures is the one to look into. */
  async start({ directory, key }: Ledger): Promise<Running> {
    const profiled = this.options.profile === this.#figure;
    const folder = this.options.profileDirectory;
    const nodeFlags = profiled ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
    const onDeath = (lastWords: string): void => this.say(`  a server ended by itself, with ${lastWords}`);
    const server = await startServer({ directory, key, cleanUp: this.cleanUp, nodeFlags, onDeath });
    return { server, key, url: server.url, close: () => server.stop() };
  }
}

/** A ledger's server, in the shape that `call` of ../api takes. */
export interface Running {
  readonly server: ChildServer;
  readonly url: string;
  readonly key: string;
  close(): Promise<void>;
}

function isMet(value: number, target: Target): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

function told(target: Target): string {
  return 'atLeast' in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
}
