import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { ApiKeys, Ledger, ModelCommands } from '#libs/runtime';
import { BulkController } from './bulk.controller';
import { BulkHandler } from './bulk.handler';
import { customerHandlers } from './customer.handlers';
import { CustomersController } from './customers.controller';
import { KeysController } from './keys.controller';
import { ModelsController } from './models.controller';
import { opinionHandlers } from './opinion.handlers';
import { OpinionsController } from './opinions.controller';
import { purchaseHandlers } from './purchase.handlers';
import { PurchasesController } from './purchases.controller';
import { touchpointHandlers } from './touchpoint.handlers';
import { TouchpointsController } from './touchpoints.controller';

export interface CommandSide {
  readonly ledger: Ledger;
  readonly keys: ApiKeys;
  readonly modelCommands: ModelCommands;
}

/** The HTTP write side, on the ledger that a process gives it. */
@Module({})
export class CommandApiModule {
  static with({ ledger, keys, modelCommands }: CommandSide): DynamicModule {
    return {
      module: CommandApiModule,
      imports: [CqrsModule.forRoot()],
      controllers: [
        CustomersController,
        TouchpointsController,
        PurchasesController,
        OpinionsController,
        BulkController,
        KeysController,
        ModelsController,
      ],
      providers: [
        { provide: Ledger, useValue: ledger },
        { provide: ApiKeys, useValue: keys },
        { provide: ModelCommands, useValue: modelCommands },
        ...customerHandlers,
        ...touchpointHandlers,
        ...purchaseHandlers,
        ...opinionHandlers,
        BulkHandler,
      ],
    };
  }
}
