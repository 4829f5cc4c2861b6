import type * as domain from '#libs/domain';
import { Field, OptionalField } from './field';
import { code, object, text } from './rule';

/** Who sent a command, and what the ledger keeps of the request beside the command itself. */
export interface Origin {
  readonly actor: { readonly kind: 'service' | 'user' | 'system'; readonly id: string };
  /** The request's JSON as parsed, path parameters merged in, without bulk's `command`. */
  readonly body: unknown;
  readonly idempotencyKey?: string;
  readonly ifMatch?: number;
}

/** What every command on the bus is: a checked instance of its class, given its origin by the controller. */
export abstract class CommandMessage {
  // Private and so no property of its own: deciders spread a command's fields into an event.
  #origin: Origin | undefined;

  get origin(): Origin {
    if (this.#origin === undefined) throw new TypeError('the controller has given the command no origin');
    return this.#origin;
  }

  set origin(origin: Origin) {
    this.#origin = origin;
  }
}

export class Source implements domain.Source {
  @Field(code, { description: 'The system that the message came from.' })
  declare readonly system: string;

  @Field(text({ min: 1, max: 1024 }), { description: "The message's id in that system." })
  declare readonly id: string;

  @OptionalField(text({ min: 1, max: 1024 }), {
    description: 'Where one message concerns several customers.',
  })
  declare readonly part?: string;
}

/** Makes the command idempotent for ever. */
export const source = object<domain.Source>(() => Source);

export const OCCURRED_AT = { description: 'When it happened; where it is not said, when it was recorded.' };
