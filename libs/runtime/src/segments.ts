import { isJsonObject } from '#libs/core';
import type { DocumentGroup, JsonObject } from '#libs/core';
import { RFM_SEGMENTS } from '#libs/insight';
import { sumOf } from './sum-of-buckets';

/** Whoever knows which group serves a projection now. */
export interface ServingGroups {
  group(projection: string): Promise<DocumentGroup>;
}

export interface SegmentInfo extends JsonObject {
  readonly segmentId: string;
  readonly name: string;
  readonly size: number;
}

export interface SegmentPage {
  readonly items: readonly JsonObject[];
  readonly next?: string;
}

interface Page {
  readonly limit: number;
  readonly cursor?: string;
}

/** Segments of the model that serves: sizes, who is in, who came and went. Before a model was activated there are none. */
export class Segments {
  constructor(private readonly serving: ServingGroups) {}

  async list(): Promise<readonly SegmentInfo[]> {
    const model = await this.#model();
    if (model === undefined) return [];
    const [sizes] = (await sumOf(await this.serving.group('segment-sizes'), 'segment-sizes')).values();
    const counts = isJsonObject(sizes?.['sizes']) ? sizes['sizes'] : {};
    return Object.entries(RFM_SEGMENTS).map(([segmentId, name]) => {
      const size = counts[segmentId];
      return { segmentId, name, model, size: typeof size === 'number' ? size : 0 };
    });
  }

  async find(segmentId: string): Promise<SegmentInfo | undefined> {
    return (await this.list()).find((segment) => segment.segmentId === segmentId);
  }

  /** Who is in, the latest to come first. */
  async members(segmentId: string, page: Page): Promise<SegmentPage> {
    const group = await this.serving.group('segments');
    const query = { index: 'by-segment', equals: { segment: segmentId }, order: 'desc', ...page } as const;
    const { items, ...rest } = await group.find('segments', query);
    return {
      ...rest,
      items: items.map(({ customerId, since, reason }) => ({ customerId, since, reason })),
    };
  }

  /** Who came and went, the latest first. */
  async history(segmentId: string, page: Page): Promise<SegmentPage> {
    const group = await this.serving.group('segment-moves');
    const query = { index: 'by-segment', equals: { segment: segmentId }, order: 'desc', ...page } as const;
    const { items, ...rest } = await group.find('segment-moves', query);
    return {
      ...rest,
      items: items.map(({ at, customerId, change, other, eventId }) => {
        return { at, customerId, change, other: other ?? null, eventId };
      }),
    };
  }

  async #model(): Promise<{ kind: string; version: string } | undefined> {
    const { projections } = await this.serving.group('segments');
    const model = projections.find(({ name }) => name === 'segments')?.model;
    return model === undefined ? undefined : { kind: 'rfm', version: model };
  }
}
