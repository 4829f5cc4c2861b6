/** An engine with nothing in it yet. */
export interface EngineUnderTest<Port> {
  open(): Promise<Port>;
  /** Closes what `open` gave and opens anew over what it left, as after a restart. */
  reopen(): Promise<Port>;
  /** Closes everything and removes the data. */
  dispose(): Promise<void>;
}

/** Runs `tests` with an engine of its own for each test: `now()` is the current one, `reopened()` the same after a restart. */
export function withEngine<Port>(
  make: () => Promise<EngineUnderTest<Port>>,
  tests: (now: () => Port, reopened: () => Promise<Port>) => void,
): void {
  let under: EngineUnderTest<Port> | undefined;
  let port: Port | undefined;
  const opened = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('only within a test');
    return value;
  };
  beforeEach(async () => {
    under = await make();
    port = await under.open();
  });
  afterEach(async () => {
    await under?.dispose();
    under = undefined;
    port = undefined;
  });
  tests(
    () => opened(port),
    async () => (port = await opened(under).reopen()),
  );
}

const DEADLINE_MS = 4_000;
const POLL_MS = 2;

/** Waits for a condition; throws with its name when the deadline has passed. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = DEADLINE_MS,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
