import { HttpLine, jsonOf } from './http-line';
import type { Running } from './bench';

/** One connection for as long as `use` takes; throws what went wrong on it. */
export async function withLine(running: Running, use: (line: HttpLine) => Promise<void>): Promise<void> {
  let fault: Error | undefined;
  const line = await HttpLine.open(running.server.port, (error) => (fault = error));
  try {
    await use(line);
    if (fault !== undefined) throw fault;
  } finally {
    line.close();
  }
}

/** From the first byte sent to the last received, and the answer; throws where it was refused. */
export async function timed(
  line: HttpLine,
  request: Buffer,
): Promise<{ readonly tookMs: number; readonly body: unknown }> {
  const sentMs = performance.now();
  const answer = await line.ask(request);
  const tookMs = performance.now() - sentMs;
  return { tookMs, body: jsonOf(answer) };
}
