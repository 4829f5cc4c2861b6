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
  /** Requests for the state of a customer with a short history. */
  readonly asOfRequests: number;
  readonly visibleMs: number;
  readonly liveMs: number;
  /** Commands at full speed, whether projections follow or not. */
  readonly liveCommands: number;
  readonly readMs: number;
  readonly fits: number;
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
  asOfRequests: 400,
  visibleMs: 20_000,
  liveMs: 20_000,
  liveCommands: 100_000,
  readMs: 10_000,
  fits: 5,
  starts: 3,
  rebuildRounds: 1,
};

/** Fits in a minute or two; says whether it works at all and how fast about. */
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
  asOfRequests: 100,
  visibleMs: 3_000,
  liveMs: 3_000,
  liveCommands: 10_000,
  readMs: 2_000,
  fits: 2,
  starts: 1,
  rebuildRounds: 1,
};

export const SINGLE_CONNECTIONS = 64;
export const SINGLE_CUSTOMERS = 1_000;
export const COLD_EVENTS = 20;
/** Of a customer whose state as of an instant is asked for, and how many of them there are. */
export const AS_OF_EVENTS = 200;
export const AS_OF_CUSTOMERS = 20;
export const READ_CONNECTIONS = 8;
export const READ_RATE = 200;
export const VISIBLE_RATE = 1_000;
/** How far projections may fall behind for a load to count as sustained. */
export const SUSTAINED_LAG_EVENTS = 5_000;
