import type { Decider, Decision, Instant } from '#libs/core';
import type { Instrument, LedgerEvent, SeenEvent } from '#libs/events';
import { present, provenanceOf, refuseFuture } from './command';
import type { CustomerReference, Source } from './command';

export interface AnswerSurvey {
  readonly customer: CustomerReference;
  readonly instrument: Instrument;
  /** Within the instrument's range: see SCORES. */
  readonly score: number;
  readonly occurredAt?: Instant;
  readonly comment?: string;
  readonly touchpointId?: string;
  readonly source?: Source;
}

export interface SurveyInput {
  readonly command: { readonly name: 'survey-answer'; readonly body: AnswerSurvey };
  readonly now: Instant;
}

export type SurveyState = Record<string, never>;

export const survey: Decider<SurveyInput, LedgerEvent, SurveyState, SeenEvent> = {
  initialState: {},
  decide({ command, now }): Decision<LedgerEvent> {
    const { customer: _customer, source, ...fields } = command.body;
    const data = present({ ...fields, ...provenanceOf(source) });
    return refuseFuture(fields.occurredAt, now) ?? [{ type: 'survey-answered.v1', data }];
  },
  evolve: (state) => state,
};
