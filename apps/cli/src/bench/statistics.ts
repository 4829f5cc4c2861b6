/** Durations of one kind, in milliseconds. */
export class Durations {
  readonly #values: number[] = [];

  add(ms: number): void {
    this.#values.push(ms);
  }

  addAll(other: Durations): void {
    for (const value of other.#values) this.#values.push(value);
  }

  get count(): number {
    return this.#values.length;
  }

  /** p50, p99 and the longest, rounded to hundredths. */
  summary(): {
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
    readonly samples: number;
  } {
    const sorted = Float64Array.from(this.#values).toSorted();
    const at = (share: number): number =>
      rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN, 2);
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), samples: sorted.length };
  }
}

/** Of an even number the lower middle: it is one of the values that were measured. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

export function rounded(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

export function perSecond(count: number, ms: number): number {
  return ms <= 0 ? 0 : Math.round((count * 1000) / ms);
}
