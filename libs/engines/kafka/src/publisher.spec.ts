import type { Kafka, Producer } from 'kafkajs';
import { EngineError } from '#libs/core';
import { withMethods } from '#libs/testing';
import { connect } from './connection';
import { Publisher } from './publisher';

const BATCH = {
  partition: 0,
  messages: [{ key: 'anna', value: Buffer.from('once'), headers: {} }],
};
/** Less than the pause before a batch is sent again: a fault ends the call. */
const SOON_MS = 20;
const LONG_MS = 20_000;

/** The driver with its network taken away: each `send` of its producers ends as is said. */
class Driver {
  readonly kafka: Kafka;
  /** By number, from 0: which producer each `send` went by, and which are closed. */
  readonly sends: number[] = [];
  readonly closed: number[] = [];
  readonly faults: Error[] = [];

  constructor() {
    const real = connect({ brokers: ['127.0.0.1:1'] });
    let made = 0;
    this.kafka = withMethods(real, {
      producer: (options) => this.#producer(real.producer(options), made++),
    });
  }

  #producer(real: Producer, number: number): Producer {
    return withMethods(real, {
      connect: async () => undefined,
      disconnect: async () => void this.closed.push(number),
      send: async () => {
        this.sends.push(number);
        const fault = this.faults.shift();
        if (fault !== undefined) throw fault;
        return [{ topicName: 'topic', partition: 0, errorCode: 0 }];
      },
    });
  }
}

const inMs = (ms: number): number => performance.now() + ms;

it.each([
  ['a fault that may pass', { type: 'NOT_ENOUGH_REPLICAS' }],
  ['a message that is too large', { type: 'MESSAGE_TOO_LARGE' }],
  ['a sequence that was lost', { type: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }],
])('uses no producer again by which a call was given up: %s', async (_what, fault) => {
  const driver = new Driver();
  const publisher = new Publisher(driver.kafka, 'topic');
  driver.faults.push(Object.assign(new Error('no'), fault));
  await expect(publisher.send(BATCH, inMs(SOON_MS))).rejects.toThrow(EngineError);
  await publisher.send(BATCH, inMs(LONG_MS));
  await publisher.send(BATCH, inMs(LONG_MS));
  expect(driver.sends).toEqual([0, 1, 1]);
  expect(driver.closed).toContain(0);
  expect(driver.closed).not.toContain(1);
});

it('sends the same again by the same producer, after a fault that may pass', async () => {
  const driver = new Driver();
  const publisher = new Publisher(driver.kafka, 'topic');
  driver.faults.push(Object.assign(new Error('no'), { type: 'NOT_ENOUGH_REPLICAS' }));
  await publisher.send(BATCH, inMs(LONG_MS));
  expect([driver.sends, driver.closed]).toEqual([[0, 0], []]);
});
