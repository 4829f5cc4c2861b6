import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { engineVariables } from '#libs/distributed';
import { PROCESS_ROLES, readConfig } from '#libs/nest';
import type { ProcessRole } from '#libs/nest';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly pull_policy?: string;
  readonly user?: string;
  readonly privileged?: boolean;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck: { readonly disable?: boolean; readonly test?: readonly string[] };
}

const root = join(__dirname, '../..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose: {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
} = parse(text, { merge: true });
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
const services = Object.entries(compose.services);
const roles = PROCESS_ROLES.filter(
  (role) => role !== 'standalone' && existsSync(join(root, 'apps', role, 'src/main.ts')),
);
const isRole = (name: string): name is ProcessRole => roles.some((role) => role === name);
const PINNED = /^[a-z0-9./-]+:\d+\.\d+\.\d+(-[a-z0-9.-]+)?$/;

it('runs each role that there is, as the image has it', () => {
  expect(roles).toContain('relay');
  for (const role of roles) {
    const service = compose.services[role];
    expect([role, service?.command?.at(-1)]).toEqual([role, `dist/apps/${role}/src/main.js`]);
  }
  const entry = compose.services['init']?.command?.slice(-2) ?? [];
  expect(entry).toEqual(['dist/apps/cli/src/main.js', 'init']);
  expect(existsSync(join(root, 'apps/cli/src/main.ts'))).toBe(true);
});

it.each(services.filter(([name]) => isRole(name)))(
  '%s has a configuration that is accepted',
  (name, service) => {
    if (!isRole(name)) throw new Error(name);
    const key = 'TOUCHSTONE_ADMIN_KEY';
    const { [key]: adminKey, ...environment } = service.environment ?? {};
    // The only secret comes from outside, and its absence is told.
    expect(adminKey ?? '${TOUCHSTONE_ADMIN_KEY:?set it}').toMatch(/^\$\{TOUCHSTONE_ADMIN_KEY:\?.+\}$/);
    for (const value of Object.values(environment)) expect(value).toEqual(expect.not.stringContaining('$'));
    const config = readConfig(
      { ...environment, ...(adminKey !== undefined && { [key]: 'k'.repeat(32) }) },
      name,
      engineVariables,
    );
    expect(config.host).toBe('0.0.0.0');
    const hosts = [config.engines?.eventStoreUrl ?? '', config.engines?.mongodbUrl ?? ''].map(
      (url) => new URL(url).hostname,
    );
    const [kafka = ''] = config.engines?.kafkaBrokers[0]?.split(':') ?? [];
    for (const host of [...hosts, kafka]) expect(Object.keys(compose.services)).toContain(host);
    expect(service.healthcheck.test?.join(' ')).toContain(`http://127.0.0.1:${config.port}/health/ready`);
  },
);

it('gives the admin key to the one role that makes keys', () => {
  const given = services.filter(([, { environment }]) => environment?.['TOUCHSTONE_ADMIN_KEY'] !== undefined);
  expect(given.map(([name]) => name)).toEqual(['command-api']);
});

it('names the key file of all roles as init made it, and lets only init write there', () => {
  const name = 'TOUCHSTONE_ROOT_KEY_FILE';
  const made = compose.services['init']?.environment?.[name];
  const mounted = (service?: Service): string | undefined =>
    service?.volumes?.find((volume) => volume.startsWith('root-key:'));
  for (const role of roles) {
    expect(compose.services[role]?.environment?.[name]).toBe(made);
    expect(mounted(compose.services[role])).toBe('root-key:/var/lib/touchstone-key:ro');
  }
  expect(mounted(compose.services['init'])).toBe('root-key:/var/lib/touchstone-key');
  expect(made?.startsWith('/var/lib/touchstone-key/')).toBe(true);
});

describe.each(services)('%s', (name, service) => {
  it('is a pinned image, or is built here', () => {
    expect(service.image).toMatch(PINNED);
    // Side by side builds of one image name collide: one service builds it for all.
    const ours = service.image.startsWith('touchstone:');
    expect([service.build, service.pull_policy]).toEqual(
      name === 'init' ? ['.', 'build'] : [undefined, ours ? 'never' : undefined],
    );
  });

  it('has a health check, or ends by itself and is waited for', () => {
    const waitedFor = services.flatMap(([, { depends_on: needs }]) => needs?.[name]?.condition ?? []);
    const oneShot = service.healthcheck.disable === true;
    expect(new Set(waitedFor)).toEqual(
      isRole(name) ? new Set() : new Set([oneShot ? 'service_completed_successfully' : 'service_healthy']),
    );
    expect(Array.isArray(service.healthcheck.test)).toBe(!oneShot);
  });

  it('listens on this machine only, without privileges', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    expect(service.privileged).toBeUndefined();
    // The images of the others change to a user of their own; this one does it only when it begins as root.
    expect(service.user).toBe(service.image.startsWith('mongo:') ? 'mongodb' : undefined);
  });

  it('has words where words are meant: YAML reads some texts as something else', () => {
    const lists = [
      service.command,
      service.entrypoint,
      service.healthcheck.test,
      service.ports,
      service.volumes,
    ];
    for (const value of [
      ...lists.flatMap((list) => list ?? []),
      ...Object.values(service.environment ?? {}),
    ]) {
      expect([value, typeof value]).toEqual([value, 'string']);
    }
    const mounted = service.volumes?.map((volume) => volume.split(':')[0] ?? '') ?? [];
    for (const volume of mounted) expect(Object.keys(compose.volumes)).toContain(volume);
  });
});

it('has no secret in it', () => {
  expect(text).not.toMatch(/password|secret|:\/\/[^/\s]*:[^/\s]*@/i);
});

describe('Dockerfile', () => {
  const lines = dockerfile.split('\n');

  it('starts every stage from one pinned image', () => {
    const images = lines.flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? []);
    expect(images.length).toBeGreaterThan(1);
    expect(new Set(images).size).toBe(1);
    for (const image of images) expect(image).toMatch(PINNED);
    expect(images[0]).toMatch(new RegExp(`^node:${readFileSync(join(root, '.nvmrc'), 'utf8').trim()}\\.`));
  });

  it('ends as a user without rights, with production dependencies only', () => {
    expect(lines.findLast((line) => line.startsWith('USER '))).toBe('USER node');
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    expect(last).toContain('COPY --from=dependencies /app/node_modules');
    expect(last).not.toMatch(/COPY \. |npm /);
    expect(dockerfile).toMatch(/AS dependencies\n(?:(?!FROM).*\n)*RUN npm ci --omit=dev/);
  });

  it('copies only what .dockerignore lets in, and no data or key is let in', () => {
    const [everything, ...rules] = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(everything).toBe('*');
    const allowed = rules.flatMap((rule) => (rule.startsWith('!') ? [rule.slice(1)] : []));
    const copied = lines.flatMap((line) => (/^COPY (?!--from)(.*) \S+$/.exec(line)?.[1] ?? '').split(' '));
    for (const path of copied.filter((one) => one !== '')) expect(allowed).toContain(path);
    for (const path of allowed) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
    expect(allowed.join(' ')).not.toMatch(/data|key|\.env/);
  });
});
