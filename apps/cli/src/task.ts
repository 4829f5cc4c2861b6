import type { JsonObject } from '#libs/core';
import { callObject, textOf } from './api';
import { pause } from './connect';
import { grouped } from './import/progress';
import type { Connection, VerbContext } from './verb';

const POLL_MS = 200;
/** In a pipe a line is added this often. */
const PIPE_INTERVAL_MS = 5_000;

/** Follows a long task of the server until it is over, showing how far it has come. */
export async function followTask(
  connection: Connection,
  path: string,
  context: VerbContext,
): Promise<JsonObject> {
  const { stderr, isTTY } = context;
  let shownAt = 0;
  for (;;) {
    const status = await callObject(connection, 'GET', path);
    const { state, events, progress } = status;
    const over = state === 'done' || state === 'failed';
    const due = Date.now() - shownAt > (isTTY ? 0 : PIPE_INTERVAL_MS);
    if (!over && due && shownAt !== 0) {
      const share = typeof progress === 'number' ? `${Math.floor(progress * 100)} %, ` : '';
      const text = `${textOf(state)}: ${share}${grouped(Number(events ?? 0))} events`;
      stderr.write(isTTY ? `\r${text}\u001b[K` : `${text}\n`);
    }
    if (due) shownAt = Date.now();
    if (over) {
      if (isTTY) stderr.write('\r\u001b[K');
      return status;
    }
    await pause(POLL_MS);
  }
}
