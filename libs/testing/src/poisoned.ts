import type { Projection, Recorded } from '#libs/core';
import type { SeenEvent } from '#libs/events';

/** What a poisoned projection says when it throws: as a careless one would, with what the customer has told. */
export const SPILLED = 'spilled: my card is 4111 1111 1111 1111';

export interface Poison {
  readonly projection: string;
  /** `fold` where it is not said. */
  readonly where?: 'fold' | 'keysOf';
  /** At which events it throws. */
  readonly at: (recorded: Recorded<SeenEvent>) => boolean;
}

/** The projections of a build one of which throws at some events: same names, versions and indexes. */
export function poisoned(
  projections: readonly Projection<SeenEvent>[],
  { projection: name, where = 'fold', at }: Poison,
): readonly Projection<SeenEvent>[] {
  const check = (recorded: Recorded<SeenEvent>): void => {
    if (at(recorded)) throw new RangeError(SPILLED);
  };
  return projections.map((one) => {
    if (one.name !== name) return one;
    return {
      ...one,
      keysOf(recorded) {
        if (where === 'keysOf') check(recorded);
        return one.keysOf(recorded);
      },
      fold(document, recorded, key, changes) {
        if (where === 'fold') check(recorded);
        return one.fold(document, recorded, key, changes);
      },
    };
  });
}

/** The same object, some of its methods replaced: a fault, say. */
export function withMethods<Port extends object>(port: Port, replaced: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      const from = name in replaced ? replaced : target;
      const member: unknown = Reflect.get(from, name);
      return typeof member === 'function' ? member.bind(from) : member;
    },
  });
}
