import { customerStream, uuidV7 } from '#libs/core';
import type { DocumentStore, EventLog, Random, Snapshots, StoredRecord, Vault } from '#libs/core';
import type { CorrectedFields, CustomerReference, LedgerCommand, RecordTouchpoint } from '#libs/domain';
import type { Money } from '#libs/events';
import { RFM_TABLE } from '#libs/insight';
import type { RfmModel } from '#libs/insight';
import { projectionsWith } from '#libs/projections';
import { AsOf } from './as-of';
import type { AsOfDiff, AsOfState, Moment, TimeAxis } from './as-of';
import { GroupProjector } from './group-projector';
import type { Keyring } from './keyring';
import type { Ledger } from './ledger';
import { ModelWriter } from './model-writer';
import { Models, projectionsOf } from './models';
import type { CommandInput, Receipt } from './outcome';
import { Reader } from './reader';
import { Resolver } from './resolve';
import type { LedgerSecrets } from './secrets';
import { StreamHeads } from './stream-head';

const HOUR_MS = 3_600_000;
const ACTOR = { kind: 'user', id: 'admin' } as const;
const NOWHERE = { partition: 0, expected: undefined, next: undefined };
const WHO: CustomerReference = { identifiers: [{ type: 'email', value: 'a@x.com' }] };
const FITTED_AS_OF = '2026-03-01T00:00:00.000Z';

export interface Story {
  readonly customerId: string;
  readonly records: readonly StoredRecord[];
  /** The first became active in the midst of it, the second later. */
  readonly modelIds: readonly [string, string];
}

export type Served = Pick<AsOfState, 'profile' | 'loyalty' | 'segments'>;

/** What is needed of a test's ledger: libs/testing has it, and only specs may ask for that. */
export interface LedgerUnderTest {
  readonly ledger: Ledger;
  readonly log: EventLog;
  readonly engines: { readonly vault: Vault; readonly snapshots: Snapshots };
  readonly secrets: LedgerSecrets;
  readonly clock: { ms: number; nowMs(): number };
  keyring(): Keyring;
  store(): DocumentStore;
}

export function input(command: LedgerCommand): CommandInput {
  return { command, actor: ACTOR, body: command.body };
}

export function eur(amount: string): Money {
  return { amount, currency: 'EUR' };
}

function say(body: Partial<RecordTouchpoint>): LedgerCommand {
  return { name: 'touchpoint', body: { customer: WHO, channel: 'email', direction: 'inbound', ...body } };
}

function correct(eventId: string, fields: CorrectedFields): LedgerCommand {
  return { name: 'touchpoint-correction', body: { eventId, fields, reason: 'wrong' } };
}

function redact(eventId: string): LedgerCommand {
  return { name: 'touchpoint-redaction', body: { eventId, reason: 'asked for' } };
}

function buy(orderId: string, total: Money): LedgerCommand {
  return { name: 'purchase', body: { customer: WHO, orderId, total } };
}

function refund(orderId: string, amount: string): LedgerCommand {
  return { name: 'refund', body: { customer: WHO, orderId, amount: eur(amount), reason: 'broken' } };
}

function complain(content: string): LedgerCommand {
  return { name: 'feedback', body: { customer: WHO, type: 'complaint', content } };
}

/** A ledger that is asked for states and differences; an hour passes after each command. */
export class AsOfTest {
  readonly models: Models;
  readonly asOf: AsOf;
  /** The same, that reads a stream twice however short it is. */
  readonly readsTwice: AsOf;

  constructor(
    readonly ledger: LedgerUnderTest,
    private readonly random: Random,
  ) {
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

  async run(command: CommandInput): Promise<Receipt> {
    const outcome = await this.ledger.ledger.execute(command);
    if (outcome.outcome === 'refused') throw new Error(outcome.refusal.code);
    this.ledger.clock.ms += HOUR_MS;
    return outcome.receipt;
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
    const attributes = { tier: 'b', 'a/b~c': 'odd', '1': 'first' };
    const identifiers = [{ type: 'email', value: 'a@x.com' }];
    const another = { type: 'email', value: 'b@x.com' };
    const tell = (command: LedgerCommand): Promise<Receipt> => this.run(input(command));
    const { customerId } = await tell({ name: 'customer', body: { identifiers, name: 'Ada', attributes } });
    const first = await tell(say({ content: 'hello', outcome: 'resolved' }));
    const early = await tell(say({ occurredAt: '2026-01-05T00:00:00.000Z', content: 'long ago' }));
    await tell(complain('too slow'));
    const answer = await tell(say({ direction: 'outbound', channel: 'voice', agent: 'a1' }));
    await tell({ name: 'survey-answer', body: { customer: WHO, instrument: 'csat', score: 4 } });
    await tell(buy('o-1', eur('25.50')));
    const modelA = await this.activate([1, 2, 3, 4]);
    await tell(buy('o-2', eur('99.00')));
    await tell(correct(early.eventId, { occurredAt: '2026-02-03T10:00:00.000Z', channel: 'chat' }));
    await tell(refund('o-1', '5.50'));
    await tell(correct(answer.eventId, { occurredAt: '2026-02-03T02:00:00.000Z' }));
    await tell({
      name: 'touchpoint-status',
      body: { eventId: first.eventId, status: 'delivered', occurredAt: '2026-02-03T05:00:00.000Z' },
    });
    await tell({ name: 'link', body: { customerId, ...another } });
    const late = await tell(say({ occurredAt: '2026-02-04T12:00:00.000Z', channel: 'web', outcome: 'open' }));
    await tell({ name: 'touchpoint-annotation', body: { eventId: late.eventId, text: 'a note' } });
    await tell(redact(late.eventId));
    await tell(complain('again'));
    await tell(correct(first.eventId, { outcome: 'open', content: 'hello again' }));
    const modelB = await this.activate([0, 0, 0, 1]);
    const changed = { customerId, name: 'Ada B', attributes: { tier: null, vip: true } };
    await tell({ name: 'profile', body: changed });
    const nps = {
      customer: WHO,
      instrument: 'nps',
      score: 9,
      occurredAt: '2026-01-01T00:00:00.000Z',
    } as const;
    await tell({ name: 'survey-answer', body: nps });
    await tell({ name: 'survey-answer', body: { customer: WHO, instrument: 'cci', score: 70 } });
    await tell({ name: 'unlink', body: { customerId, ...another } });
    await tell(buy('o-3', { amount: '7', currency: 'USD' }));
    await tell(refund('o-2', '99.00'));
    await tell(redact(early.eventId));
    await tell(correct(answer.eventId, { occurredAt: '2026-02-05T02:00:00.000Z', direction: 'inbound' }));
    await tell(say({ direction: 'outbound' }));
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
    const projector = new GroupProjector({ group, projections, log, keyring, feed: { bucketOf: () => 0 } });
    const newId = uuidV7(clock, this.random);
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
    const { random } = this;
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
