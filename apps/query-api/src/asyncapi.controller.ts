import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { createAsyncApi, Policy } from '#libs/nest';

/** Where the relay of this ledger publishes; without a name the default one. */
export class EventTopic {
  constructor(readonly name: string | undefined) {}
}

/** What the relay publishes, for those who follow the topic. */
@Controller()
export class AsyncApiController {
  #text: string | undefined;

  constructor(private readonly topic: EventTopic) {}

  @Get('asyncapi.json')
  @Policy('openapi')
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOperation({ summary: 'AsyncAPI 3.0 of the events on Kafka', tags: ['description'] })
  @ApiOkResponse({ content: { 'application/json': { schema: { type: 'object' } } } })
  describe(): string {
    this.#text ??= JSON.stringify(createAsyncApi(this.topic.name));
    return this.#text;
  }
}
