import type { Instant } from '#libs/core';
import type * as domain from '#libs/domain';
import { INSTRUMENTS, SCORES } from '#libs/events';
import type { Instrument } from '#libs/events';
import { CommandMessage, OCCURRED_AT, source } from './command-message';
import { Field, OptionalField } from './field';
import { customerReference } from './identifier';
import { instant } from './instant';
import { integer, oneOf, REFUSED, text, uuid } from './rule';
import type { Rule } from './rule';

const instrument = oneOf(INSTRUMENTS);
const anyScore = integer({ min: 0, max: 100 });

const RANGES = {
  csat: rangeOf('csat'),
  nps: rangeOf('nps'),
  ces: rangeOf('ces'),
  cci: rangeOf('cci'),
} as const satisfies Record<Instrument, Rule<number>>;

/** A score, beside its `instrument`. */
const score: Rule<number> = {
  ...anyScore,
  name: 'score',
  read: (value, owner) => rangeFor(owner).read(value, owner),
  explain: (value, owner) => rangeFor(owner).explain(value, owner),
};

export class AnswerSurvey extends CommandMessage implements domain.AnswerSurvey {
  @Field(customerReference)
  declare readonly customer: domain.CustomerReference;

  @Field(instrument)
  declare readonly instrument: Instrument;

  @Field(score, { description: 'csat 1 to 5, nps 0 to 10, ces 1 to 7, cci 0 to 100.' })
  declare readonly score: number;

  @OptionalField(instant, OCCURRED_AT)
  declare readonly occurredAt?: Instant;

  @OptionalField(text())
  declare readonly comment?: string;

  @OptionalField(uuid, { description: 'Event id of the touchpoint that the answer is about.' })
  declare readonly touchpointId?: string;

  @OptionalField(source)
  declare readonly source?: domain.Source;
}

function rangeOf(name: Instrument): Rule<number> {
  const [min, max] = SCORES[name];
  const fault = { pointer: '', message: `must be an integer from ${min} to ${max} for ${name}` };
  return { ...integer({ min, max }), explain: () => fault };
}

/** Where the instrument itself is refused, any score will do. */
function rangeFor(owner: object): Rule<number> {
  const name = 'instrument' in owner ? instrument.read(owner.instrument, owner) : REFUSED;
  return name === REFUSED ? anyScore : RANGES[name];
}
