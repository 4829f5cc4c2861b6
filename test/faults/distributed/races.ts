import { somebody } from '../../e2e/client';
import type { Loose } from '../../e2e/client';
import type { Oracle } from '../oracle';
import type { Sender } from './sender';

type Customer = ReturnType<typeof somebody>;

/** An identifier that two customers wanted, and who they were told has it. */
export interface WonLink {
  readonly identifier: Loose;
  readonly holder: string;
}

/** Two command-apis are given at once what only one of them may do, or what both must agree about. */
export class Races {
  run = 0;
  /** What should not have come about, in words. */
  readonly faults: string[] = [];
  readonly links: WonLink[] = [];

  constructor(
    private readonly sender: Sender,
    private readonly make: (fields?: Loose, keyed?: boolean) => Loose,
    private readonly oracle: Oracle,
  ) {}

  /** The same command twice: one event, and one answer. */
  async sameKey(keyed: boolean): Promise<void> {
    const body = this.make({}, keyed);
    this.oracle.intend([body]);
    const [one, other] = await both((via) => this.sender.send(via, { path: '/v1/touchpoints', body }));
    this.oracle.ack([body], { receipt: one.body, text: one.text });
    this.#held(one.text === other.text, 'two answers to one key');
  }

  /** Two commands for a customer whom nobody knows: they agree who that is. Resolves to how that customer is named. */
  async sameNewIdentifier(): Promise<Customer> {
    const customer = somebody();
    const [one, other] = await both((via) => this.#touch(via, customer));
    this.#held(one.customerId === other.customerId, 'two customers of one identifier');
    this.#held(one.eventId !== other.eventId, 'one event of two commands');
    return customer;
  }

  /** Two commands for one customer: both find their place. */
  async sameCustomer(): Promise<void> {
    const { customer } = this.make();
    const [one, other] = await both((via) => this.#touch(via, customer));
    this.#held(one.revision !== other.revision, 'two events of one revision');
  }

  /** Two customers want the same identifier: one gets it, the other hears who has it. */
  async sameLink(): Promise<void> {
    const owners = await both((via) => this.#touch(via, somebody()));
    const name = somebody().identifiers[0].value;
    const identifier = { type: 'email', value: `${name}@example.com` };
    const told = await both(async (via) => {
      const { customerId } = owners[via];
      const path = `/v1/customers/${customerId}/identifiers`;
      const key = `link-${name}-${via}`;
      const answer = await this.sender.send(via, { path, body: identifier, key, final: [201, 409] });
      return {
        won: answer.status === 201,
        holder: answer.status === 201 ? customerId : answer.body.customerId,
      };
    });
    this.#held(told[0].holder === told[1].holder, 'two opinions about one identifier');
    this.#held(told[0].won !== told[1].won, told[0].won ? 'two winners' : 'no winner of an identifier');
    this.links.push({ identifier, holder: told[0].holder });
  }

  async #touch(via: number, customer: Customer): Promise<Loose> {
    const body = this.make({ customer });
    this.oracle.intend([body]);
    const { body: receipt, text } = await this.sender.send(via, { path: '/v1/touchpoints', body });
    this.oracle.ack([body], { receipt, text });
    return receipt;
  }

  #held(holds: boolean, otherwise: string): void {
    this.run++;
    if (!holds) this.faults.push(otherwise);
  }
}

function both<T>(run: (via: 0 | 1) => Promise<T>): Promise<[T, T]> {
  return Promise.all([run(0), run(1)]);
}
