/** What the global setup started, for the teardown of the same process. */
export const started: { stop(): Promise<void> }[] = [];
