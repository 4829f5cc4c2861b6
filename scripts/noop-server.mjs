// The yardstick of `touchstone bench`: Nest on Fastify, its own JSON parser, one command over the CommandBus, a constant
// receipt. What the ledger answers a second is compared with what this answers a second, on the same machine, in the
// same run, to the same bytes. Prints its address once it listens.
/* oxlint-disable typescript/no-extraneous-class -- Nest knows commands and modules by their classes */
import 'reflect-metadata';
import { Body, Controller, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, CommandHandler, CqrsModule } from '@nestjs/cqrs';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const receipt = {
  eventId: '019a0000-0000-7000-8000-000000000001',
  customerId: '019a0000-0000-7000-8000-000000000002',
  revision: 41,
  position: 123456,
  leafHash: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
  recordedAt: '2026-10-31T12:00:00.000Z',
};

class RecordNothing {
  constructor(body) {
    this.body = body;
  }
}

class RecordNothingHandler {
  async execute() {
    return receipt;
  }
}
CommandHandler(RecordNothing)(RecordNothingHandler);

// Decorators are called by hand: this is plain JavaScript.
class TouchpointsController {
  constructor(bus) {
    this.bus = bus;
  }

  record(body) {
    return this.bus.execute(new RecordNothing(body));
  }
}
const route = Object.getOwnPropertyDescriptor(TouchpointsController.prototype, 'record');
Inject(CommandBus)(TouchpointsController, undefined, 0);
Body()(TouchpointsController.prototype, 'record', 0);
Post()(TouchpointsController.prototype, 'record', route);
Controller('v1/touchpoints')(TouchpointsController);

class NoopModule {}
Module({
  imports: [CqrsModule.forRoot()],
  controllers: [TouchpointsController],
  providers: [RecordNothingHandler],
})(NoopModule);

const app = await NestFactory.create(NoopModule, new FastifyAdapter({ logger: false }), { logger: false });
await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' });
console.log(`listens at ${await app.getUrl()}`);
process.on('SIGTERM', () => process.exit(0));
