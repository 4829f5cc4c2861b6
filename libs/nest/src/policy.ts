import { RouteConfig } from '@nestjs/platform-fastify';
import type { PolicyName } from './access';

/** What our decorators leave in a route's Fastify config, where hooks find it without asking Nest. */
export interface RoutePolicy {
  readonly policy?: PolicyName;
  readonly open?: true;
  readonly ndjson?: true;
}

declare module 'fastify' {
  interface FastifyContextConfig extends RoutePolicy {}
}

const CONFIG_KEY = RouteConfig({}).KEY;
/** Nest's metadata that makes a method a route handler. */
const PATH_KEY = 'path';

/** Names the row of the access table that guards a route, or every route of a controller that has none of its own. */
export function Policy(policy: PolicyName): ClassDecorator & MethodDecorator {
  return routePolicy({ policy });
}

/** No key is asked for. Only under `/health/` and `/docs`; the app refuses to boot with another open route. */
export function Open(): ClassDecorator & MethodDecorator {
  return routePolicy({ open: true });
}

/** The route takes `application/x-ndjson` only, and its body is the request's raw stream: unlimited, maybe gzipped. */
export function Ndjson(): MethodDecorator {
  return (_target, _name, descriptor) => addConfig(descriptor.value, { ndjson: true });
}

function routePolicy(config: RoutePolicy): ClassDecorator & MethodDecorator {
  return (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (descriptor !== undefined) {
      addConfig(descriptor.value, config);
      return;
    }
    for (const handler of handlersOf(target)) {
      const own = configOf(handler);
      if (own.policy === undefined && own.open === undefined) addConfig(handler, config);
    }
  };
}

function handlersOf(controller: object): readonly object[] {
  const prototype: unknown = Reflect.get(controller, 'prototype');
  if (typeof prototype !== 'object' || prototype === null) return [];
  return Object.values(Object.getOwnPropertyDescriptors(prototype))
    .map((descriptor): unknown => descriptor.value)
    .filter((value): value is object => typeof value === 'function' && Reflect.hasMetadata(PATH_KEY, value));
}

function addConfig(handler: unknown, config: RoutePolicy): void {
  if (typeof handler !== 'function') throw new TypeError('Only a method of a controller has a policy.');
  Reflect.defineMetadata(CONFIG_KEY, { ...configOf(handler), ...config }, handler);
}

function configOf(handler: object): RoutePolicy {
  const config: RoutePolicy | undefined = Reflect.getMetadata(CONFIG_KEY, handler);
  return config ?? {};
}

export interface MountedRoute extends RoutePolicy {
  readonly method: string;
  /** As Fastify matches it: `/v1/customers/:id`. */
  readonly pattern: string;
}

const OPEN_ROUTE = /^\/(health\/|docs(\/|$))/;

/** Throws unless every route names its policy: what nobody has decided about must not be reachable. */
export function assertEveryRouteHasPolicy(routes: readonly MountedRoute[]): void {
  const faults = routes.flatMap(({ method, pattern, policy, open }) => {
    if (open === true && !OPEN_ROUTE.test(pattern)) return [`${method} ${pattern} is open`];
    return policy === undefined && open === undefined ? [`${method} ${pattern} has no policy`] : [];
  });
  if (faults.length > 0) throw new Error(`Refusing to start: ${faults.join('; ')}.`);
}
