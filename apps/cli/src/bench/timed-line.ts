import { HttpLine, jsonOf } from './http-line';
import type { Running } from './bench';

/** One connection for as long as `use` takes; rejects at once when something goes wrong on it. */
export function withLine(running: Running, use: (line: HttpLine) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const opened = async (line: HttpLine): Promise<void> => {
      try {
        await use(line);
      } finally {
        line.close();
      }
    };
    HttpLine.open(running.server.port, reject).then(opened).then(resolve, reject);
  });
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
