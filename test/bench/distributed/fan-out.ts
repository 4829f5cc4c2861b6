import type { JsonObject } from '#libs/core';
import { isJsonObject } from '#libs/core';
import { call, callObject, textOf } from '../../../apps/cli/src/api';
import type { Connection } from '../../../apps/cli/src/verb';
import type { Figures } from './figures';
import { rateOf } from './rate';
import type { Rate } from './rate';
import type { Roles } from './roles';

/** A relay over a log that is full already. Gives the number of events that are in the topic then. */
export async function measureRelay(roles: Roles, figures: Figures): Promise<number> {
  await roles.start('relay');
  const rate = await rateOf('everything is published', 'first-events', () => {
    roles.check();
    return roles.relayed();
  });
  emit(figures, 'relay', { rate, atLeast: 10_000 });
  return rate.events;
}

/** One projector over a topic that is full already. */
export async function measureProjector(
  roles: Roles,
  figures: Figures,
  { queries, published }: { readonly queries: Connection; readonly published: number },
): Promise<void> {
  await roles.start('projector');
  const rate = await rateOf('everything is projected', 'first-events', async () => {
    roles.check();
    // None are listed until the projector has made them.
    const lags = await lagsOf(queries);
    const events = lags.length === 0 ? 0 : published - Math.max(...lags);
    return { events, done: events === published };
  });
  emit(figures, 'projector', { rate, atLeast: 5_000, details: { projections: 'all' } });
}

/** Every read model anew, from the log, by the projector that follows. */
export async function measureRebuild(roles: Roles, figures: Figures, queries: Connection): Promise<void> {
  const startedMs = performance.now();
  const { rebuildId } = await callObject(queries, 'POST', '/v1/projections/all/rebuild');
  const path = `/v1/rebuilds/${textOf(rebuildId)}`;
  const status = async (): Promise<JsonObject> => {
    roles.check();
    const told = await callObject(queries, 'GET', path);
    if (told['state'] === 'failed') throw new Error(`the rebuild failed: ${textOf(told['fault'])}`);
    return told;
  };
  const rate = await rateOf('everything is folded anew', 'now', async () => {
    const { state, events } = await status();
    return { events: Number(events), done: state !== 'building' };
  });
  const whole = await rateOf('the rebuild has been compared', 'now', async () => {
    const { state, events, parity } = await status();
    if (isJsonObject(parity) && parity['differing'] !== 0) throw new Error('other documents came out');
    return { events: Number(events), done: state === 'done' };
  });
  const wholeSeconds = Math.round((performance.now() - startedMs) / 100) / 10;
  const details = { wholeSeconds, comparing: { seconds: whole.seconds, busyCores: whole.busyCores } };
  emit(figures, 'rebuild', { rate, atLeast: 10_000, details });
}

function emit(
  figures: Figures,
  figure: string,
  {
    rate,
    atLeast,
    details,
  }: { readonly rate: Rate; readonly atLeast: number; readonly details?: JsonObject },
): void {
  const { perSecond: value, ...more } = rate;
  figures.emit({ figure, value, unit: 'events/s', target: { atLeast }, details: { ...more, ...details } });
}

async function lagsOf(queries: Connection): Promise<readonly number[]> {
  const listed = await call(queries, 'GET', '/v1/projections');
  if (!Array.isArray(listed)) throw new Error('query-api lists no projections');
  return listed.map((one: unknown) => (isJsonObject(one) ? Number(one['lagEvents']) : 0));
}
