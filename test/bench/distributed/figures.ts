import type { JsonObject } from '#libs/core';
import type { Figure } from '../../../apps/cli/src/bench/bench';

/** One JSON line a figure on stdout, progress on stderr. */
export class Figures {
  /** Whether a figure has missed its target. */
  missed = false;

  emit({ figure, value, unit, target, details }: Figure): void {
    if (target === undefined || value === null) {
      this.line({ figure, value, unit, target: null, met: null, ...details });
      return;
    }
    const met = 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
    if (!met) this.missed = true;
    const told = 'atLeast' in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
    this.line({ figure, value, unit, target: told, met, ...details });
  }

  line(value: JsonObject): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  say(text: string): void {
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
  }
}
