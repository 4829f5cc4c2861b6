import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ApiExtraModels, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { isJsonObject } from '#libs/core';
import * as contracts from './index';

const exported: readonly unknown[] = Object.values(contracts);
const classes = exported.filter(
  (value): value is new () => object => typeof value === 'function' && String(value).startsWith('class '),
);

@Controller()
@ApiExtraModels(...classes)
class Everything {}

@Module({ controllers: [Everything] })
class EverythingModule {}

let schemas: unknown;
beforeAll(async () => {
  const app = await NestFactory.create(EverythingModule, new FastifyAdapter(), { logger: false });
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder().setOpenAPIVersion('3.1.0').build(),
  );
  schemas = document.components?.schemas;
  await app.close();
});

it('describes every class, and every reference leads to one', () => {
  expect(isJsonObject(schemas) ? Object.keys(schemas) : []).toEqual(
    expect.arrayContaining(classes.map((type) => type.name)),
  );
  const references = JSON.stringify(schemas).matchAll(/"#\/components\/schemas\/([^"]*)"/g);
  for (const [, name] of references) expect(schemas).toHaveProperty([String(name)]);
});

it('says what a field may hold and which are required', () => {
  expect(schemas).toMatchObject({
    RecordTouchpoint: {
      required: ['customer', 'channel', 'direction'],
      properties: {
        customer: { $ref: '#/components/schemas/CustomerReference' },
        channel: { type: 'string', enum: expect.arrayContaining(['email']) },
        durationSeconds: { type: 'integer', minimum: 0, maximum: 31_622_400 },
        attributes: { type: 'object', additionalProperties: true },
      },
    },
    RecordPurchase: {
      properties: {
        items: { type: 'array', maxItems: 1000, items: { $ref: '#/components/schemas/Item' } },
      },
    },
    CreateApiKey: {
      properties: { roles: { type: 'array', items: { enum: expect.arrayContaining(['dpo']) } } },
    },
    TimelineQuery: { properties: { limit: { default: 50, maximum: 500 }, order: { default: 'desc' } } },
    RecordEntry: { required: ['env', 'sealed', 'leaf', 'leafHash', 'position'] },
  });
});

it.each([
  'RecordTouchpoint',
  'ReportStatus',
  'CorrectedFields',
  'Source',
  'Item',
  'CreateApiKey',
  'StateQuery',
])('says that %s has no other members, as check has it', (name) => {
  expect(schemas).toMatchObject({ [name]: { type: 'object', additionalProperties: false } });
});

it.each([
  ['CustomerReference', 'identifiers'],
  ['TouchpointReference', 'source'],
])('says that %s is an id or %s, and not both', (name, other) => {
  expect(schemas).toMatchObject({ [name]: { oneOf: [{ required: ['id'] }, { required: [other] }] } });
});

it('closes no answer that other members may be added to', () => {
  for (const name of ['CustomerProfile', 'TimelineEntry', 'HistoryEntry', 'ReceiptAnswer', 'MoneySum']) {
    expect(schemas).not.toHaveProperty([name, 'additionalProperties']);
  }
});

it.each([
  ['RefundPurchase', 'orderId'],
  ['ReportStatus', 'eventId'],
  ['ChangeProfile', 'customerId'],
  ['RecordTouchpoint', 'origin'],
])('shows no %s.%s in the body', (name, field) => {
  expect(schemas).toHaveProperty([name, 'properties']);
  expect(schemas).not.toHaveProperty([name, 'properties', field]);
});
