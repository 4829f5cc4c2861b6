import { instant, integer, oneOf, text, uuid } from './codec';
import { provenance } from './customer';
import { clear, defineEvent, optional, sealed } from './define-event';
import type { EventOf } from './define-event';

export const INSTRUMENTS = ['csat', 'nps', 'ces', 'cci'] as const;
export type Instrument = (typeof INSTRUMENTS)[number];

/** Lowest and highest score of each instrument. */
export const SCORES: Readonly<Record<Instrument, readonly [number, number]>> = {
  csat: [1, 5],
  nps: [0, 10],
  ces: [1, 7],
  cci: [0, 100],
};

export const surveyAnswered = defineEvent('survey-answered.v1', {
  instrument: clear(oneOf(INSTRUMENTS)),
  score: clear(integer(0, 100)),
  occurredAt: optional(clear(instant)),
  touchpointId: optional(clear(uuid)),
  comment: optional(sealed('by-purpose', text())),
  ...provenance,
});

export type SurveyEvent = EventOf<typeof surveyAnswered>;
