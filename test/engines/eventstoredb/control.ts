import { Client, credentials } from '@grpc/grpc-js';
import type { handleUnaryCall, MethodDefinition, sendUnaryData, ServiceDefinition } from '@grpc/grpc-js';
import { asFailure } from './failures';
import type { PlannedFault, Switches } from './faults';

export type Command =
  | { readonly do: 'plan'; readonly faults: readonly PlannedFault[] }
  | { readonly do: 'switch'; readonly switches: Partial<Switches> }
  /** Appends that are held by "unavailable-then-commit" land. */
  | { readonly do: 'release' }
  /** Forgets which ids were written lately, as a restart does. */
  | { readonly do: 'wipe-cache' }
  | { readonly do: 'drop-connections' }
  /** Every subscription ends with OK. */
  | { readonly do: 'end-subscriptions' }
  /** Every subscription is dropped: ABORTED, "Consumer too slow". */
  | { readonly do: 'drop-subscriptions' }
  | { readonly do: 'repeat-caught-up' }
  /** Writes a $statsCollected event. */
  | { readonly do: 'write-statistics' }
  /** No event, no fault and no connection is left: as a database just made. */
  | { readonly do: 'reset' };

const toBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const method: MethodDefinition<Command, Record<string, never>> = {
  path: '/touchstone.test.Control/Do',
  requestStream: false,
  responseStream: false,
  requestSerialize: toBytes,
  requestDeserialize: (bytes) => JSON.parse(bytes.toString()),
  responseSerialize: toBytes,
  responseDeserialize: (bytes) => JSON.parse(bytes.toString()),
};

/** A service of the double's own, on its one port: whoever has the address can order faults. */
export const ControlService = { do: method } satisfies ServiceDefinition;

export function controlService(
  obey: (command: Command) => Promise<void>,
): handleUnaryCall<Command, Record<string, never>> {
  const answer = async (command: Command, callback: sendUnaryData<Record<string, never>>): Promise<void> => {
    try {
      await obey(command);
      callback(null, {});
    } catch (error) {
      callback(asFailure(error));
    }
  };
  return (call, callback) => void answer(call.request, callback);
}

const DEADLINE_MS = 5_000;

/** Orders faults of a double from any process; a real server answers UNIMPLEMENTED. */
export class EventStoreControl {
  readonly #client: Client;

  /** The address as a client takes it, `esdb://127.0.0.1:2113?tls=false`. */
  constructor(address: string) {
    this.#client = new Client(new URL(address).host, credentials.createInsecure());
  }

  do(command: Command): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        command,
        { deadline: Date.now() + DEADLINE_MS },
        (error) => (error === null ? resolve() : reject(error)),
      );
    });
  }

  /** The next appends fail so, one each. */
  plan(...faults: readonly PlannedFault[]): Promise<void> {
    return this.do({ do: 'plan', faults });
  }

  switch(switches: Partial<Switches>): Promise<void> {
    return this.do({ do: 'switch', switches });
  }

  close(): void {
    this.#client.close();
  }
}
