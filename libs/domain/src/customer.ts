import { refuse } from '#libs/core';
import type { Decider } from '#libs/core';
import type { CustomerEvent, Identifier, LedgerEvent, SeenEvent } from '#libs/events';
import { present, provenanceOf } from './command';
import type { Attributes, Source } from './command';

export interface RegisterCustomer {
  readonly identifiers: readonly Identifier[];
  readonly name?: string;
  readonly attributes?: Attributes;
  readonly source?: Source;
}

export interface ChangeProfile {
  readonly customerId: string;
  readonly name?: string;
  readonly attributes?: Attributes;
  readonly reason?: string;
}

export interface LinkIdentifier extends Identifier {
  readonly customerId: string;
}

export interface UnlinkIdentifier extends Identifier {
  readonly customerId: string;
}

export type CustomerCommand =
  | { readonly name: 'customer'; readonly body: RegisterCustomer }
  | { readonly name: 'profile'; readonly body: ChangeProfile }
  | { readonly name: 'link'; readonly body: LinkIdentifier }
  | { readonly name: 'unlink'; readonly body: UnlinkIdentifier };

export interface CustomerState {
  readonly registered: boolean;
}

/** Who owns an identifier is decided by the vault's unique index, before this: see runtime/resolve. */
export const customer: Decider<CustomerCommand, LedgerEvent, CustomerState, SeenEvent> = {
  initialState: { registered: false },
  decide(command, state): readonly CustomerEvent[] | ReturnType<typeof refuse> {
    if (command.name === 'customer') {
      const { identifiers, name, attributes, source } = command.body;
      return [
        {
          type: 'customer-registered.v1',
          data: present({ identifiers, name, attributes, ...provenanceOf(source) }),
        },
      ];
    }
    if (!state.registered) return refuse('customer-not-found', 'There is no such customer.');
    switch (command.name) {
      case 'profile': {
        const { name, attributes, reason } = command.body;
        if (name === undefined && attributes === undefined) {
          return refuse('nothing-to-change', 'Neither name nor attributes are given.');
        }
        return [{ type: 'customer-profile-changed.v1', data: present({ name, attributes, reason }) }];
      }
      case 'link':
        return [{ type: 'identifier-linked.v1', data: { identifiers: [identifierOf(command.body)] } }];
      case 'unlink':
        return [{ type: 'identifier-unlinked.v1', data: { identifiers: [identifierOf(command.body)] } }];
    }
  },
  evolve: (state, event) => (event.type === 'customer-registered.v1' ? { registered: true } : state),
};

function identifierOf({ type, value }: Identifier): Identifier {
  return { type, value };
}
