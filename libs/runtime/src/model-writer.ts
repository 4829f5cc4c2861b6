import { instantOf } from '#libs/core';
import type { Clock, EventLog, Random, Vault } from '#libs/core';
import { RFM_STREAM } from '#libs/events';
import type { LedgerEvent } from '#libs/events';
import type { RfmModel } from '#libs/insight';
import { idempotencyFingerprint, idempotencyKey, NO_PREDECESSOR, parseEnvelope } from '#libs/trust';
import type { Actor } from '#libs/trust';
import type { CustomerKeys, Keyring } from './keyring';
import type { Models } from './models';
import { ContentionError } from './outcome';
import { sealEvent } from './seal-event';

export interface ModelWriterPorts {
  readonly log: EventLog;
  readonly vault: Vault;
  readonly keyring: Keyring;
  readonly models: Models;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: () => string;
  readonly kIdem: Uint8Array;
}

export interface FitRequest {
  readonly actor: Actor;
  readonly asOf: string;
  readonly idempotencyKey?: string | undefined;
}

export type FitOutcome =
  | { readonly outcome: 'fitted'; readonly model: RfmModel; readonly replayed: boolean }
  /** The idempotency key was used for another request. */
  | { readonly outcome: 'reused' }
  /** Nobody had bought anything by then. */
  | { readonly outcome: 'nobody' };

/** A key's place in the ledger. */
interface Idem {
  readonly k: string;
  readonly f: string;
}

const MAX_ATTEMPTS = 16;
const COMMAND = 'model';

/** Appends to the stream of models. It is nobody's: its events are clear, its tag is salted like a customer's. */
export class ModelWriter {
  constructor(private readonly ports: ModelWriterPorts) {}

  /** `fit` computes the model's parameters, and is asked only where the request is a new one. */
  async fit(
    { actor, asOf, idempotencyKey: header }: FitRequest,
    fit: (modelId: string) => Promise<RfmModel | undefined>,
  ): Promise<FitOutcome> {
    const { kIdem, newId } = this.ports;
    const { kF } = await this.#keys();
    const k =
      header === undefined ? undefined : idempotencyKey(kIdem, COMMAND, { principal: actor.id, key: header });
    const idem = k === undefined ? undefined : { k, f: idempotencyFingerprint(kF, COMMAND, k, { asOf }) };
    const before = idem === undefined ? undefined : await this.#replay(idem);
    if (before !== undefined) return before;
    const model = await fit(newId());
    if (model === undefined) return { outcome: 'nobody' };
    const appended = await this.#append({ type: 'segment-model-fitted.v1', data: model }, actor, idem);
    if (appended) return { outcome: 'fitted', model, replayed: false };
    return (idem === undefined ? undefined : await this.#replay(idem)) ?? { outcome: 'reused' };
  }

  /** Said once, also where a task that a crash has broken off is begun again. */
  async activated(modelId: string, actor: Actor): Promise<void> {
    if ((await this.ports.models.active()) === modelId) return;
    await this.#append({ type: 'segment-activated.v1', data: { modelId } }, actor);
  }

  async #replay({ k, f }: Idem): Promise<FitOutcome | undefined> {
    const [located] = await this.ports.log.locate([k]);
    if (located === undefined) return undefined;
    const [record] = await this.ports.log.readStream(located.stream, located.revision, 1);
    const env = record === undefined ? undefined : parseEnvelope(record.env);
    const modelId = env?.data['modelId'];
    const model = typeof modelId === 'string' ? await this.ports.models.find(modelId) : undefined;
    if (env?.idem?.f !== f || model === undefined) return { outcome: 'reused' };
    return { outcome: 'fitted', model, replayed: true };
  }

  /** False where the idempotency key is in the ledger already. */
  async #append(event: LedgerEvent, actor: Actor, idem?: Idem): Promise<boolean> {
    const { log, clock, newId, random } = this.ports;
    const keys = await this.#keys();
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const head = await log.head(RFM_STREAM);
      const now = instantOf(clock.nowMs());
      const last = head === undefined ? '' : parseEnvelope(head.env).at;
      const revision = head?.rev ?? -1;
      const frame = {
        id: newId(),
        stream: RFM_STREAM,
        rev: revision + 1,
        at: now > last ? now : last,
        actor,
        purpose: 'service',
        idem,
        cause: undefined,
        previous: head?.leafHash ?? NO_PREDECESSOR,
      } as const;
      const records = [sealEvent(event, frame, keys, random)];
      const { outcome } = await log.append({ stream: RFM_STREAM, expectedRevision: revision, records });
      if (outcome !== 'conflict') return outcome === 'appended';
    }
    throw new ContentionError('still contended after a bounded number of attempts');
  }

  /** The row that holds the stream's salt is durable before its first event. */
  async #keys(): Promise<CustomerKeys> {
    const { keyring, vault } = this.ports;
    const known = await keyring.get(RFM_STREAM);
    if (known !== undefined && !known.unsaved) return known;
    const made = known ?? keyring.create(RFM_STREAM);
    const { outcome } = await vault.write({ row: made.toRow() });
    if (outcome === 'written') {
      made.unsaved = false;
      return made;
    }
    // Another process made it meanwhile.
    const theirs = await keyring.reload(RFM_STREAM);
    if (theirs === undefined) throw new ContentionError('the row of the models’ stream is contended');
    return theirs;
  }
}
