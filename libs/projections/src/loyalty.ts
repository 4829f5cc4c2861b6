import type { Document, Projection } from '#libs/core';
import type { SeenEvent } from '#libs/events';
import { LOYALTY_MODEL, loyaltyOf } from '#libs/insight';
import type { FilledIn, Loyalty, LoyaltyComponent, LoyaltyTier } from '#libs/insight';
import { documentOf, numberOf } from './fields';
import { complaintsOf } from './handling';
import { inputsOf, NAMED_EVENTS, observe, sourcesOf, take } from './loyalty-inputs';
import type { Draft, Source } from './loyalty-inputs';

/** A component, what it was filled in with where it has no data, and the events behind it. */
type ExplainedComponent = {
  readonly value: number;
  readonly filled?: FilledIn;
  readonly from: readonly string[];
  readonly fromCount: number;
};

// A type alias, not an interface: only that counts as a JSON object to the compiler.
export type LoyaltyAnswer = {
  readonly score: number;
  readonly tier: LoyaltyTier;
  readonly model: typeof LOYALTY_MODEL;
  readonly components: { readonly [name in keyof Loyalty['components']]: ExplainedComponent };
};

/**
 * How loyal a customer is, and from what: one document a customer, key = customerId. It holds the inputs of the model
 * (counts, sums, and the latest of what needs to be known one by one), `score` in hundredths and `tier`; a member that
 * is 0 or empty is left out. As long as nothing was pushed out of `complaints` and `outbound`, it holds the same score
 * whatever the order of events.
 */
export const loyalty: Projection<SeenEvent> = {
  name: 'loyalty',
  version: 1,
  indexes: [],
  keysOf: ({ customerId }) => (customerId === '' ? [] : [customerId]),
  fold(document, recorded) {
    const draft: Draft = { ...document };
    observe(draft, recorded);
    take(draft, recorded);
    if (document !== undefined && Object.keys(draft).every((field) => draft[field] === document[field])) {
      return document;
    }
    const { scoreHundredths, tier } = loyaltyOf(inputsOf(draft));
    draft['score'] = scoreHundredths;
    draft['tier'] = tier;
    return documentOf(draft);
  },
};

/**
 * The answer of `GET …/loyalty`, from a document of `loyalty`: `{score, tier, model, components}`, each component with
 * the events behind it. Of a customer without a document everything is filled in. Values are not rounded.
 */
export function loyaltyAnswer(document: Document | undefined): LoyaltyAnswer {
  const held: Document = document ?? {};
  const inputs = inputsOf(held);
  const { components, scoreHundredths, tier } = loyaltyOf(inputs);
  const { answers, purchases, refunds, outcomes } = inputs;
  const named = (field: string): readonly Source[] => sourcesOf(held[field]);
  const [rated, said] = [answers.csat.count + answers.ces.count, answers.nps.count + answers.cci.count];
  const service = explained(components.serviceQuality, named('serviceFrom'), rated);
  const needs = explained(components.needsMet, named('needsFrom'), Math.max(0, outcomes));
  const handling = explained(components.feedbackHandling, handlingFrom(held), handlingCount(held));
  const orders = [...named('purchaseFrom'), ...named('refundFrom')];
  const kept = components.inclination.filled === 'purchases-kept';
  return {
    score: scoreHundredths / 100,
    tier,
    model: LOYALTY_MODEL,
    components: {
      serviceQuality: service,
      needsMet: needs,
      feedbackHandling: handling,
      satisfaction: explained(
        components.satisfaction,
        [...named('serviceFrom'), ...named('needsFrom'), ...handlingFrom(held)],
        service.fromCount + needs.fromCount + handling.fromCount,
      ),
      purchaseFrequency: explained(components.purchaseFrequency, named('purchaseFrom'), purchases),
      inclination: explained(
        components.inclination,
        kept ? orders : named('inclinationFrom'),
        kept ? purchases + refunds : said,
      ),
    },
  };
}

/** Complaints and their answers, each event once. */
function handlingFrom(document: Document): readonly Source[] {
  const sources = new Map<string, Source>();
  for (const complaint of complaintsOf(document)) {
    for (const said of complaint) if (said !== null) sources.set(said[2], [said[1], said[2]]);
  }
  return [...sources.values()];
}

function handlingCount(document: Document): number {
  const past = numberOf(document['pastComplaints']) + numberOf(document['pastAnswers']);
  return handlingFrom(document).length + past;
}

/** A component and the latest events behind it, the latest one last; `fromCount` says how many there are. */
function explained(
  { value, filled }: LoyaltyComponent,
  sources: readonly Source[],
  fromCount: number,
): ExplainedComponent {
  const ids = sources.toSorted(([a], [b]) => a - b).map(([, id]) => id);
  const from = [...new Set(ids)].slice(-NAMED_EVENTS);
  return { value, ...(filled === undefined ? {} : { filled }), from, fromCount };
}
