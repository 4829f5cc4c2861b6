/** How much each figure does. Figures of different sizes do not compare. */
export interface Sizes {
  readonly customers: number;
  /** Touchpoints of the two ledgers that are filled by bulk. */
  readonly smallEvents: number;
  readonly largeEvents: number;
  readonly sustainedMs: number;
  readonly singleRounds: number;
  readonly singleRoundMs: number;
  readonly singleWarmUpMs: number;
  readonly hotEvents: number;
  readonly hotCommands: number;
  readonly hotRestarts: number;
  readonly visibleMs: number;
  readonly readMs: number;
  readonly starts: number;
  readonly rebuildRounds: number;
}

export const FULL: Sizes = {
  customers: 10_000,
  smallEvents: 100_000,
  largeEvents: 1_000_000,
  sustainedMs: 30_000,
  singleRounds: 5,
  singleRoundMs: 4_000,
  singleWarmUpMs: 4_000,
  hotEvents: 200_000,
  hotCommands: 300,
  hotRestarts: 7,
  visibleMs: 20_000,
  readMs: 10_000,
  starts: 3,
  rebuildRounds: 1,
};

/** Fits in a minute; says whether it works at all and how fast about. */
export const QUICK: Sizes = {
  customers: 1_000,
  smallEvents: 10_000,
  largeEvents: 30_000,
  sustainedMs: 4_000,
  singleRounds: 3,
  singleRoundMs: 1_000,
  singleWarmUpMs: 1_000,
  hotEvents: 5_000,
  hotCommands: 100,
  hotRestarts: 3,
  visibleMs: 3_000,
  readMs: 2_000,
  starts: 1,
  rebuildRounds: 1,
};

export const SINGLE_CONNECTIONS = 64;
export const SINGLE_CUSTOMERS = 1_000;
export const COLD_EVENTS = 20;
export const READ_CONNECTIONS = 8;
export const READ_RATE = 200;
export const VISIBLE_RATE = 1_000;
/** How far projections may fall behind for a load to count as sustained. */
export const SUSTAINED_LAG_EVENTS = 5_000;
