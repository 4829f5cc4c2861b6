import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';

/** Turns the data of one version of an event into the next version's. Pure; the stored bytes never change. */
export interface Upcaster {
  readonly from: string;
  readonly to: string;
  upcast(data: JsonObject): JsonObject;
}

/** Applies upcasters until none reads the type any more. */
export function upcastWith(
  upcasters: readonly Upcaster[],
  type: string,
  data: unknown,
): { readonly type: string; readonly data: unknown } {
  let current: { readonly type: string; readonly data: unknown } = { type, data };
  for (;;) {
    const step = upcasters.find((upcaster) => upcaster.from === current.type);
    if (step === undefined || !isJsonObject(current.data)) return current;
    current = { type: step.to, data: step.upcast(current.data) };
  }
}
