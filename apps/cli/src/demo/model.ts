import { callObject, textOf } from '../api';
import { followChange } from '../follow-change';
import { failed } from '../rebuild';
import { CliError } from '../verb';
import type { Connection, VerbContext } from '../verb';
import { instant, TO_MS } from './person';

/** Fits RFM to the three years, and waits until segments are served by it. */
export async function fitAndActivate(connection: Connection, context: VerbContext): Promise<void> {
  const asOf = instant(TO_MS);
  const { modelId } = await callObject(connection, 'POST', '/v1/models', { kind: 'rfm', asOf });
  const { done, status } = await followChange(connection, `/v1/models/${textOf(modelId)}/activate`, context);
  if (!done) throw new CliError(failed(status).trim());
}
