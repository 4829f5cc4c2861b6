import type { Document, DocumentGroup, DocumentStore, EventFeed } from '#libs/core';
import { RFM_STREAM } from '#libs/events';
import { projections } from '#libs/projections';
import { Models, Projector, projectionsOf } from '#libs/runtime';
import type { ModelWriter, ProjectionSet, RebuildStatus } from '#libs/runtime';
import { parseEnvelope } from '#libs/trust';
import { buy, byEmail, say } from './commands';
import { eventually } from './engine-under-test';
import { numbered } from './interrupted-store';
import { spreadModel } from './rfm-models';
import { accepted, TestLedger } from './test-ledger';

export const PROJECTION_NAMES = projections.map(({ name }) => name);
export const SOMEBODY = { kind: 'user', id: 'usr_test' } as const;

/** A ledger of four customers, whose read models are built, switched and rolled back. */
export class VersionsBench {
  readonly store: ReturnType<TestLedger['store']>;
  readonly models: Models;
  readonly writer: ModelWriter;
  readonly set: ProjectionSet;
  readonly #running: Projector[] = [];
  readonly faults: Error[] = [];
  readonly told: RebuildStatus[] = [];
  #sent = 0;

  private constructor(readonly test: TestLedger) {
    this.store = test.store();
    this.models = new Models(test.log);
    this.writer = test.modelWriter(this.models);
    this.set = projectionsOf(this.models);
  }

  static async open(): Promise<VersionsBench> {
    const bench = new VersionsBench(await TestLedger.open());
    await bench.talk(8);
    return bench;
  }

  async dispose(): Promise<void> {
    for (const projector of this.#running) await projector.stop();
    await this.test.dispose();
  }

  async talk(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const customer = byEmail(`c${this.#sent % 4}@x.com`);
      await accepted(this.test.ledger.execute(say(customer, { content: `words ${this.#sent}` })));
      const total = { amount: String(5 + this.#sent), currency: 'EUR' };
      await accepted(this.test.ledger.execute(buy(customer, { orderId: `order-${this.#sent++}`, total })));
    }
  }

  readonly report = (status: RebuildStatus): void => void this.told.push(status);

  async start(more: { store?: DocumentStore; feed?: EventFeed; alone?: boolean } = {}): Promise<Projector> {
    const ports = {
      log: this.test.log,
      feed: this.test.feed(),
      store: this.store,
      keyring: this.test.keyring(),
      projections: this.set,
    };
    const projector = new Projector({ ...ports, ...more }, (fault) => this.faults.push(fault));
    this.#running.push(projector);
    await projector.start();
    return projector;
  }

  rebuild(projector: Projector, names = PROJECTION_NAMES): Promise<unknown> {
    return projector.build({ taskId: 'rebuild', names, keep: true }, this.report);
  }

  async activate(projector: Projector, model: string): Promise<void> {
    const ready = (): Promise<void> => this.writer.activated(model, SOMEBODY);
    const order = { taskId: 'activation', names: PROJECTION_NAMES, keep: true, activate: { model, ready } };
    await projector.build(order, this.report);
  }

  async rollBack(
    projector: Projector,
    names = PROJECTION_NAMES,
    to?: string,
  ): Promise<RebuildStatus | undefined> {
    const ready = (model: string): Promise<void> => this.writer.activated(model, SOMEBODY);
    await projector.rollBack({ taskId: 'rollback', names, to, ready }, this.report);
    return this.told.at(-1);
  }

  /** Which group serves each projection, and which one did before. */
  async pointers(): Promise<Record<string, readonly (string | undefined)[]>> {
    const found = await this.store.pointers();
    return Object.fromEntries(
      found.map(({ projection, group, previous }) => [
        projection,
        [numbered(group), previous === undefined ? undefined : numbered(previous)],
      ]),
    );
  }

  async groupNumbers(): Promise<readonly string[]> {
    return (await this.store.groups()).map(numbered);
  }

  async idOf(number: string): Promise<string> {
    return (await this.store.groups()).find((id) => numbered(id) === number) ?? number;
  }

  /** Waits until all groups that serve stand at the end of the log; answers the one of a projection. */
  async served(projection = 'timeline'): Promise<DocumentGroup> {
    const last = await this.test.log.lastPosition();
    const groups = new Map<string, DocumentGroup>();
    for (const { projection: name, group } of await this.store.pointers()) {
      const known = (await this.store.madeWith(group)) ?? [];
      const model = known.find((made) => made.model !== undefined)?.model;
      const all = model === undefined ? this.set.plain : await this.set.with(model);
      const mine = all.filter((one) => known.some((made) => made.name === one.name));
      groups.set(name, await this.store.open(group, mine));
    }
    for (const group of new Set(groups.values())) {
      await eventually(`${group.id} is at the end`, async () => {
        return ((await group.checkpoint(0))?.position ?? 0) >= last;
      });
    }
    const found = groups.get(projection);
    if (found === undefined) throw new Error(`nothing serves ${projection}`);
    return found;
  }

  async contents(projection: string): Promise<readonly (readonly [string, Document])[]> {
    return (await this.served(projection)).scan(projection, undefined, 10_000);
  }

  /** Throws where what serves differs from what the log says. */
  async sound(projector: Projector): Promise<void> {
    await this.served();
    const parity = await projector.build(
      { taskId: 'verify', names: PROJECTION_NAMES, keep: false },
      () => undefined,
    );
    const { differing, undecided, parked } = parity;
    if (differing + undecided + parked > 0) throw new Error(`not as the log says: ${JSON.stringify(parity)}`);
    if (this.faults[0] !== undefined) throw this.faults[0];
  }

  /** A model whose edges are spread by `factor`, in the ledger. */
  async fitted(factor: number): Promise<string> {
    const asOf = '2026-01-31T12:00:00.000Z';
    const outcome = await this.writer.fit({ actor: SOMEBODY, asOf }, async (modelId) =>
      spreadModel(modelId, asOf, factor),
    );
    if (outcome.outcome !== 'fitted') throw new Error(outcome.outcome);
    return outcome.model.modelId;
  }

  async activations(): Promise<readonly unknown[]> {
    const events = (await this.test.log.readStream(RFM_STREAM, 0, 100)).map(({ env }) => parseEnvelope(env));
    return events.filter(({ type }) => type === 'segment-activated.v1').map(({ data }) => data['modelId']);
  }
}
