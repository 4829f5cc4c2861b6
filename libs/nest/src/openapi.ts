import { Controller, Get, Header, Injectable } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Policy } from './policy';
import type { MountedRoute } from './policy';
import { mountedRoutes } from './routes';

export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'patch', 'trace'] as const;

/** RFC 9457, as `problemDocument` makes it. */
const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', example: 'urn:touchstone:problem:customer-not-found' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: {
      type: 'string',
      description: 'Stable; docs/errors.md explains each',
      example: 'customer-not-found',
    },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'message'],
        properties: { pointer: { type: 'string' }, message: { type: 'string' } },
      },
    },
    requestId: { type: 'string' },
  },
};

const PROBLEM_RESPONSE = {
  description: 'The request was not carried out',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const HEADERS = {
  'Touchstone-Revision': {
    description: 'Revision of the customer’s stream that the answer has reached, at least.',
    schema: { type: 'integer', minimum: -1 },
  },
  'Touchstone-Stale': {
    description: 'Only where the revision of waitFor was not reached in time.',
    schema: { type: 'string', enum: ['true'] },
  },
  'Touchstone-Parked': {
    description: 'Only of a parked customer: when the event was recorded that cannot be folded.',
    schema: { type: 'string', format: 'date-time' },
  },
  'Idempotent-Replayed': {
    description: 'Only where the answer is that to an earlier request.',
    schema: { type: 'string', enum: ['true'] },
  },
};

type HeaderName = keyof typeof HEADERS;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const CUSTOMER_HEADERS: readonly HeaderName[] = [
  'Touchstone-Revision',
  'Touchstone-Stale',
  'Touchstone-Parked',
];
const REPLAY_HEADERS: readonly HeaderName[] = ['Idempotent-Replayed'];

/** OpenAPI 3.1 of every mounted route, with its policy and the way that it fails. */
export function createOpenApi(app: INestApplication, info: OpenApiInfo): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(info.title)
    .setVersion(info.version)
    .setDescription(info.description ?? '')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key of this ledger' }, 'key')
    .addSecurityRequirements('key');
  const document = SwaggerModule.createDocument(app, builder.build());
  document.components = { ...document.components };
  document.components.schemas = { ...document.components.schemas, Problem: PROBLEM_SCHEMA };
  document.components.headers = HEADERS;
  const routes = new Map(
    mountedRoutes(app).map((route) => [`${route.method} ${shapeOf(route.pattern)}`, route]),
  );
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined) continue;
      const route = routes.get(`${method.toUpperCase()} ${shapeOf(path)}`);
      if (takes(operation, 'waitFor')) addHeaders(operation, '200', CUSTOMER_HEADERS);
      if (takes(operation, 'Idempotency-Key')) addHeaders(operation, '201', REPLAY_HEADERS);
      operation.responses = { ...operation.responses, default: PROBLEM_RESPONSE };
      if (route?.open === true) operation.security = [];
      else if (route?.policy !== undefined) Reflect.set(operation, 'x-policy', route.policy);
    }
  }
  return document;
}

/** What tells a customer-scoped query, and a request that may be repeated, is that it takes their parameter. */
function takes({ parameters = [] }: Operation, name: string): boolean {
  return parameters.some((parameter) => 'name' in parameter && parameter.name === name);
}

function addHeaders({ responses }: Operation, status: string, names: readonly HeaderName[]): void {
  const response = responses[status];
  if (response === undefined || '$ref' in response) return;
  const references = names.map((name) => [name, { $ref: `#/components/headers/${name}` }] as const);
  response.headers = { ...response.headers, ...Object.fromEntries(references) };
}

/** What is mounted and not described, or described and not mounted; empty where the two are equal. */
export function openApiDifferences(
  document: Pick<OpenAPIObject, 'paths'>,
  routes: readonly MountedRoute[],
): readonly string[] {
  const described = new Set(
    Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method] !== undefined).map(
        (method) => `${method.toUpperCase()} ${shapeOf(path)}`,
      ),
    ),
  );
  const mounted = new Set(routes.map(({ method, pattern }) => `${method} ${shapeOf(pattern)}`));
  return [
    ...[...mounted].filter((route) => !described.has(route)).map((route) => `not described: ${route}`),
    ...[...described].filter((route) => !mounted.has(route)).map((route) => `not mounted: ${route}`),
  ].toSorted();
}

/** `/a/:id`, `/a/{id}`, `/a/*` alike: names of parameters differ between the two notations, places do not. */
function shapeOf(path: string): string {
  const shape = path
    .split('/')
    .map((part) => (/^(:|\{|\*)/.test(part) ? '{}' : part))
    .join('/');
  return shape.length > 1 && shape.endsWith('/') ? shape.slice(0, -1) : shape;
}

/** The description as text, made when first asked for: it costs tens of milliseconds that a start need not pay. */
@Injectable()
export class OpenApi {
  #make: (() => OpenAPIObject) | undefined;
  #text: string | undefined;

  describe(make: () => OpenAPIObject): void {
    this.#make = make;
  }

  get text(): string {
    if (this.#make === undefined) throw new Error('The app is not described yet.');
    this.#text ??= JSON.stringify(this.#make());
    return this.#text;
  }
}

@Controller()
export class OpenApiController {
  constructor(private readonly openApi: OpenApi) {}

  @Get('openapi.json')
  @Policy('openapi')
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOperation({ summary: 'This description', tags: ['description'] })
  @ApiOkResponse({ content: { 'application/json': { schema: { type: 'object' } } } })
  describe(): string {
    return this.openApi.text;
  }
}
