import { customerStream, uuidV7 } from '#libs/core';
import type { StoredRecord } from '#libs/core';
import type { LedgerCommand } from '#libs/domain';
import { RFM_TABLE } from '#libs/insight';
import type { RfmModel } from '#libs/insight';
import { projectionsWith } from '#libs/projections';
import {
  accepted,
  annotate,
  buy,
  byEmail,
  correct,
  link,
  redact,
  register,
  reportStatus,
  say,
  seededRandom,
  TestLedger,
  unlink,
} from '#libs/testing';
import { AsOf } from './as-of';
import type { AsOfDiff, AsOfState, Moment, TimeAxis } from './as-of';
import { GroupProjector } from './group-projector';
import { ModelWriter } from './model-writer';
import { Models, projectionsOf } from './models';
import type { CommandInput, Receipt } from './outcome';
import { Reader } from './reader';
import { Resolver } from './resolve';
import { StreamHeads } from './stream-head';

const HOUR_MS = 3_600_000;
const ACTOR = { kind: 'user', id: 'admin' } as const;
const NOWHERE = { partition: 0, expected: undefined, next: undefined };
const FITTED_AS_OF = '2026-03-01T00:00:00.000Z';

export interface Story {
  readonly customerId: string;
  readonly records: readonly StoredRecord[];
  /** The first became active in the midst of it, the second later. */
  readonly modelIds: readonly [string, string];
}

export type Served = Pick<AsOfState, 'profile' | 'loyalty' | 'segments'>;

export function input(command: LedgerCommand): CommandInput {
  return { command, actor: ACTOR, body: command.body };
}

export function eur(amount: string): { readonly amount: string; readonly currency: string } {
  return { amount, currency: 'EUR' };
}

/** A ledger that is asked for states and differences; an hour passes after each command. */
export class AsOfTest {
  readonly models: Models;
  readonly asOf: AsOf;
  /** The same, that reads a stream twice however short it is. */
  readonly readsTwice: AsOf;

  private constructor(readonly ledger: TestLedger) {
    const { log } = ledger;
    this.models = new Models(log);
    const { models } = this;
    const ports = {
      log,
      keyring: ledger.keyring(),
      heads: this.#heads(),
      models,
      projections: projectionsOf(models),
    };
    this.asOf = new AsOf(ports);
    this.readsTwice = new AsOf(ports, 0);
  }

  static async open(): Promise<AsOfTest> {
    return new AsOfTest(await TestLedger.open());
  }

  async run(command: CommandInput): Promise<Receipt> {
    const { receipt } = await accepted(this.ledger.ledger.execute(command));
    this.ledger.clock.ms += HOUR_MS;
    return receipt;
  }

  async state(
    customerId: string,
    at: Moment,
    more: { readonly axis?: TimeAxis; readonly model?: string } = {},
  ): Promise<AsOfState> {
    const state = await this.asOf.state(customerId, { axis: 'recorded', at, ...more });
    if ('refused' in state) throw new Error(JSON.stringify(state.refused));
    return state;
  }

  async diff(customerId: string, from: Moment, to: Moment): Promise<AsOfDiff> {
    const diff = await this.asOf.diff(customerId, { from, to });
    if ('refused' in diff) throw new Error(JSON.stringify(diff.refused));
    return diff;
  }

  /** Everything that can happen to a customer by now, with corrections that move first and last contact to and fro. */
  async story(): Promise<Story> {
    const who = byEmail('a@x.com');
    const attributes = { tier: 'b', 'a/b~c': 'odd', '1': 'first' };
    const { customerId } = await this.run(register(['a@x.com'], { name: 'Ada', attributes }));
    const tell = (command: CommandInput): Promise<Receipt> => this.run(command);
    const complain = (content: string): CommandInput =>
      input({ name: 'feedback', body: { customer: who, type: 'complaint', content } });
    const refund = (orderId: string, amount: string): CommandInput =>
      input({ name: 'refund', body: { customer: who, orderId, amount: eur(amount), reason: 'broken' } });
    const first = await tell(say(who, { content: 'hello', outcome: 'resolved' }));
    const early = await tell(say(who, { occurredAt: '2026-01-05T00:00:00.000Z', content: 'long ago' }));
    await tell(complain('too slow'));
    const answer = await tell(say(who, { direction: 'outbound', channel: 'voice', agent: 'a1' }));
    await tell(input({ name: 'survey-answer', body: { customer: who, instrument: 'csat', score: 4 } }));
    await tell(buy(who, { orderId: 'o-1', total: eur('25.50') }));
    const modelA = await this.activate([1, 2, 3, 4]);
    await tell(buy(who, { orderId: 'o-2', total: eur('99.00') }));
    await tell(correct(early.eventId, { occurredAt: '2026-02-03T10:00:00.000Z', channel: 'chat' }));
    await tell(refund('o-1', '5.50'));
    await tell(correct(answer.eventId, { occurredAt: '2026-02-03T02:00:00.000Z' }));
    await tell(reportStatus(first.eventId, { occurredAt: '2026-02-03T05:00:00.000Z' }));
    await tell(link(customerId, 'b@x.com'));
    const late = await tell(
      say(who, { occurredAt: '2026-02-04T12:00:00.000Z', channel: 'web', outcome: 'open' }),
    );
    await tell(annotate(late.eventId, 'a note'));
    await tell(redact(late.eventId));
    await tell(complain('again'));
    await tell(correct(first.eventId, { outcome: 'open', content: 'hello again' }));
    const modelB = await this.activate([0, 0, 0, 1]);
    const changed = { customerId, name: 'Ada B', attributes: { tier: null, vip: true } };
    await tell(input({ name: 'profile', body: changed }));
    const nps = {
      customer: who,
      instrument: 'nps',
      score: 9,
      occurredAt: '2026-01-01T00:00:00.000Z',
    } as const;
    await tell(input({ name: 'survey-answer', body: nps }));
    await tell(input({ name: 'survey-answer', body: { customer: who, instrument: 'cci', score: 70 } }));
    await tell(unlink(customerId, 'b@x.com'));
    await tell(buy(who, { orderId: 'o-3', total: { amount: '7', currency: 'USD' } }));
    await tell(refund('o-2', '99.00'));
    await tell(redact(early.eventId));
    await tell(correct(answer.eventId, { occurredAt: '2026-02-05T02:00:00.000Z', direction: 'inbound' }));
    await tell(say(who, { direction: 'outbound' }));
    const records = await this.ledger.log.readStream(customerStream(customerId), 0, 500);
    return { customerId, records, modelIds: [modelA, modelB] };
  }

  /** What a projector that folds record by record, with a model or none, makes its readers see at each revision. */
  async servedAt({ customerId, records }: Story, modelId: string | undefined): Promise<readonly Served[]> {
    const { log, secrets, engines, clock } = this.ledger;
    const store = this.ledger.store();
    const projections = projectionsWith(modelId === undefined ? undefined : await this.models.find(modelId));
    const id = `served-${modelId ?? 'plain'}`;
    const group = await store.open(id, projections);
    await store.point(projections.map(({ name }) => ({ projection: name, group: id })));
    const keyring = this.ledger.keyring();
    const projector = new GroupProjector({ group, projections, log, keyring, bucketOf: () => 0 });
    const newId = uuidV7(clock, seededRandom('resolver'));
    const resolver = new Resolver(engines.vault, log, secrets.kBlind, newId, true);
    const heads = this.#heads();
    const reader = new Reader({ log, store, projections: projectionsOf(this.models), heads, resolver });
    const served: Served[] = [];
    for (const record of records) {
      await projector.apply([record], NOWHERE);
      const { body: profile } = await reader.profile(customerId);
      const { body: loyalty } = await reader.loyalty(customerId);
      const { segments } = profile;
      if (!Array.isArray(segments)) throw new TypeError('a profile without segments');
      served.push({ profile, loyalty, segments });
    }
    return served;
  }

  /** Fits a model with these edges of frequency, and activates it. */
  async activate(frequency: readonly number[]): Promise<string> {
    const { log, clock, secrets, engines } = this.ledger;
    const random = seededRandom(`models ${frequency.join()}`);
    const { vault } = engines;
    const { kIdem } = secrets;
    const { models } = this;
    const keyring = this.ledger.keyring();
    const newId = uuidV7(clock, random);
    const writer = new ModelWriter({ log, vault, keyring, models, clock, random, newId, kIdem });
    const fit = async (modelId: string): Promise<RfmModel> => ({
      modelId,
      kind: 'rfm',
      asOf: FITTED_AS_OF,
      currency: 'EUR',
      edges: { recency: [5, 10, 20, 40], frequency, monetary: ['10', '20', '50', '100'] },
      table: RFM_TABLE,
      through: 1,
      population: 5,
    });
    const fitted = await writer.fit({ actor: ACTOR, asOf: FITTED_AS_OF }, fit);
    if (fitted.outcome !== 'fitted') throw new Error(fitted.outcome);
    await writer.activated(fitted.model.modelId, ACTOR);
    clock.ms += HOUR_MS;
    return fitted.model.modelId;
  }

  #heads(): StreamHeads {
    return new StreamHeads(this.ledger.log, this.ledger.engines.snapshots);
  }
}
