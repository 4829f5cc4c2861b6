import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the command line finds the running server of a data directory. Readable by the owner only. */
export function writeServerFile(directory: string, url: string, token: string): () => void {
  const file = join(directory, 'server.json');
  rmSync(file, { force: true });
  writeFileSync(file, `${JSON.stringify({ url, token, pid: process.pid })}\n`, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}
