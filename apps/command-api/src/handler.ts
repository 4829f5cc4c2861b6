import type { Type } from '@nestjs/common';
import { Inject } from '@nestjs/common';
import { CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { CommandMessage } from '#libs/contracts';
import type { LedgerCommand } from '#libs/domain';
import { Ledger } from '#libs/runtime';
import type { Outcome } from '#libs/runtime';

/** A handler of the bus that gives one message to the ledger under the command word that its keys are made of. */
export function handlerOf<M extends CommandMessage>(
  type: Type<M>,
  toCommand: (message: M) => LedgerCommand,
): Type<ICommandHandler> {
  class Handler {
    constructor(private readonly ledger: Ledger) {}

    execute(message: M): Promise<Outcome> {
      return this.ledger.execute({ command: toCommand(message), ...message.origin });
    }
  }
  Object.defineProperty(Handler, 'name', { value: `${type.name}Handler` });
  Inject(Ledger)(Handler, undefined, 0);
  CommandHandler(type)(Handler);
  return Handler;
}
