import { somebody, touchpoint } from '../../e2e/client';
import type { Loose } from '../../e2e/client';
import type { Oracle } from '../oracle';
import { seeded } from '../random';
import { Races } from './races';
import { pause, Sender } from './sender';

const WRITERS = 5;
const CUSTOMERS = 25;
const LINES_A_BULK = 20;
/** Between two commands of one writer: a load that leaves the machine room for what is tested. */
const PACE_MS = 60;

/** What a writer does next: the first whose share is above the dice. */
const SINGLE = 0.62;
const BULK = 0.74;
const SAME_KEY = 0.81;
const SAME_IDENTIFIER = 0.88;
const SAME_CUSTOMER = 0.95;

/** Writers at all command-apis at once; what they intend and what they are told goes to the oracle. */
export class Load {
  readonly sender: Sender;
  readonly races: Races;
  readonly #customers = Array.from({ length: CUSTOMERS }, somebody);
  readonly #random: () => number;
  #made = 0;
  #running: Promise<unknown> = Promise.resolve();
  #goesOn = false;

  constructor(
    urls: () => readonly string[],
    private readonly oracle: Oracle,
    private readonly seed: number,
  ) {
    this.#random = seeded(seed);
    this.sender = new Sender(urls, this.#random);
    this.races = new Races(this.sender, (fields, keyed) => this.#make(fields, keyed), oracle);
  }

  start(): void {
    this.#goesOn = true;
    this.#running = Promise.all(Array.from({ length: WRITERS }, () => this.#write()));
    this.#running.catch(() => undefined); // `drain` tells it.
  }

  /** Resolves when every command is answered. Rejects where one is stuck. */
  async drain(): Promise<void> {
    this.#goesOn = false;
    await this.#running;
  }

  /** Resolves when this very command-api has acknowledged a command. */
  async probe(via: number): Promise<void> {
    const body = this.#make();
    this.oracle.intend([body]);
    const { body: receipt, text } = await this.sender.sendOnly(via, { path: '/v1/touchpoints', body });
    this.oracle.ack([body], { receipt, text });
  }

  async #write(): Promise<void> {
    while (this.#goesOn) {
      const dice = this.#random();
      const via = this.sender.any();
      if (dice < SINGLE) await this.#single(via, dice < SINGLE / 2);
      else if (dice < BULK) await this.#bulk(via);
      else if (dice < SAME_KEY) await this.races.sameKey(dice < (BULK + SAME_KEY) / 2);
      else if (dice < SAME_IDENTIFIER) this.#customers[via] = await this.races.sameNewIdentifier();
      else if (dice < SAME_CUSTOMER) await this.races.sameCustomer();
      else await this.races.sameLink();
      await pause(PACE_MS * (0.5 + this.#random()));
    }
  }

  async #single(via: number, keyed: boolean): Promise<void> {
    const body = this.#make({}, keyed);
    this.oracle.intend([body]);
    const { body: receipt, text } = await this.sender.send(via, { path: '/v1/touchpoints', body });
    this.oracle.ack([body], { receipt, text });
  }

  async #bulk(via: number): Promise<void> {
    const bodies = Array.from({ length: LINES_A_BULK }, () => this.#make());
    this.oracle.intend(bodies);
    await this.sender.send(via, { path: '/v1/bulk', body: bodies });
    this.oracle.ack(bodies);
  }

  /** A touchpoint of one of the usual customers, unless `fields` name another. `keyed`: by header, else by source. */
  #make(fields: Loose = {}, keyed = false): Loose {
    const id = `f-${this.seed}-${this.#made++}`;
    const customer = this.#customers[Math.floor(this.#random() * CUSTOMERS)];
    const key = keyed ? { content: id } : { content: `content ${id}`, source: { system: 'faults', id } };
    return touchpoint({ customer, ...key, ...fields });
  }
}
