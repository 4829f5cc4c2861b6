import { RFM_TABLE } from '#libs/insight';
import type { RfmModel } from '#libs/insight';

/** A model whose money edges are spread by `factor`. */
export function spreadModel(modelId: string, asOf: string, factor: number): RfmModel {
  const edges = [1, 2, 3, 4];
  return {
    modelId,
    kind: 'rfm',
    asOf,
    currency: 'EUR',
    edges: { recency: edges, frequency: edges, monetary: edges.map((n) => String(n * factor)) },
    table: RFM_TABLE,
    through: 1,
    population: 4,
  };
}
