import type { MountedRoute } from './policy';

/** Fastify's own list of routes is a text; ours is kept here, for the boot check, OpenAPI and 405. */
const mounted = new WeakMap<object, MountedRoute[]>();

export function addMountedRoute(server: object, route: MountedRoute): void {
  const routes = mounted.get(server);
  if (routes === undefined) mounted.set(server, [route]);
  else routes.push(route);
}

export function routesOf(server: object): readonly MountedRoute[] {
  return mounted.get(server) ?? [];
}

/** An app of `createHttpApp`. */
export interface Mounting {
  getHttpAdapter(): { getInstance(): object };
}

/** Every route of an app, once a method; the HEAD that Fastify adds to each GET is left out. */
export function mountedRoutes(app: Mounting): readonly MountedRoute[] {
  return routesOf(app.getHttpAdapter().getInstance()).filter(({ method }) => method !== 'HEAD');
}

/** Methods that the path is mounted for: empty where it is not mounted at all. Not for the hot path. */
export function allowedMethods(server: object, url: string): readonly string[] {
  const path = url.split('?', 1)[0] ?? url;
  const segments = path.split('/');
  const methods = routesOf(server).filter(({ pattern }) => matches(pattern.split('/'), segments));
  return [...new Set(methods.map(({ method }) => method))].toSorted();
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  const last = pattern.length - 1;
  if (pattern[last] === '*') {
    return segments.length > last && pattern.slice(0, last).every((part, i) => fits(part, segments[i]));
  }
  return pattern.length === segments.length && pattern.every((part, i) => fits(part, segments[i]));
}

function fits(part: string, segment: string | undefined): boolean {
  return part === segment || (part.startsWith(':') && segment !== undefined && segment !== '');
}
