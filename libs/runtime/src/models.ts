import type { EventLog, Projection, StoredRecord } from '#libs/core';
import { parseEvent, RFM_STREAM } from '#libs/events';
import type { SeenEvent } from '#libs/events';
import type { RfmModel } from '#libs/insight';
import { projectionsWith } from '#libs/projections';
import { parseEnvelope } from '#libs/trust';
import type { ProjectionSet } from './projection-set';

/** A fitted model, when it was recorded, and when it became the active one. */
export interface FittedModel {
  readonly model: RfmModel;
  readonly fittedAt: string;
  /** Instants, ascending. */
  readonly activatedAt: readonly string[];
}

interface Activation {
  readonly modelId: string;
  readonly at: string;
}

const PAGE = 100;

/** What the ledger says of fitted models: a handful of events in a stream of their own, read on from where it was read to. */
export class Models {
  readonly #fitted = new Map<string, { readonly model: RfmModel; readonly fittedAt: string }>();
  readonly #activations: Activation[] = [];
  #next = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(private readonly log: EventLog) {}

  /** In the order of fitting. */
  async list(): Promise<readonly FittedModel[]> {
    await this.#refresh();
    return [...this.#fitted.values()].map(({ model, fittedAt }) => ({
      model,
      fittedAt,
      activatedAt: this.#activations.filter(({ modelId }) => modelId === model.modelId).map(({ at }) => at),
    }));
  }

  async find(modelId: string): Promise<RfmModel | undefined> {
    if (!this.#fitted.has(modelId)) await this.#refresh();
    return this.#fitted.get(modelId)?.model;
  }

  /** Id of the model that was activated last; of that at an instant where one is given: recorded at or before it. */
  async active(at?: string): Promise<string | undefined> {
    await this.#refresh();
    return this.#activations.findLast((activation) => at === undefined || activation.at <= at)?.modelId;
  }

  /** Reads what was appended since; one reader at a time. */
  #refresh(): Promise<void> {
    this.#reading = this.#reading
      .catch(() => undefined)
      .then(async () => {
        for (;;) {
          const records = await this.log.readStream(RFM_STREAM, this.#next, PAGE);
          for (const record of records) this.#take(record);
          if (records.length < PAGE) return;
        }
      });
    return this.#reading;
  }

  #take(record: StoredRecord): void {
    const { type, data, at } = parseEnvelope(record.env);
    const event = parseEvent(type, data);
    if (event.type === 'segment-model-fitted.v1') {
      this.#fitted.set(event.data.modelId, { model: event.data, fittedAt: at });
    }
    if (event.type === 'segment-activated.v1') {
      this.#activations.push({ modelId: event.data.modelId, at });
    }
    this.#next = record.rev + 1;
  }
}

/** A model as API §2 answers it; member by member, so that a repeated request gets the same bytes. */
export function modelAnswer({ modelId, kind, asOf, edges, table, ...rest }: RfmModel) {
  const { recency, frequency, monetary } = edges;
  const { through, currency, population } = rest;
  const cells = Object.fromEntries(Object.entries(table).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const parameters = {
    edges: { recency, frequency, monetary },
    table: cells,
    through,
    currency,
    population,
  };
  return { modelId, kind, asOf, parameters };
}

/** The projections of this build, with the models of this ledger. */
export function projectionsOf(models: Models): ProjectionSet {
  const known = new Map<string, readonly Projection<SeenEvent>[]>();
  return {
    plain: projectionsWith(undefined),
    async with(modelId) {
      let projections = known.get(modelId);
      if (projections === undefined) {
        const model = await models.find(modelId);
        if (model === undefined) throw new Error(`there is no model ${modelId}`);
        known.set(modelId, (projections = projectionsWith(model)));
      }
      return projections;
    },
    active: () => models.active(),
  };
}
