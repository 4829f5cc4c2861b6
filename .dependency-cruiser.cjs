// Who may import whom (docs/, CONTRIBUTING.md). Each rule has a fixture of its name that breaks it, in
// test/architecture/fixtures/imports: a rule that nobody has seen fail is not a rule.

/** lib -> libs that it may import. A new arrow changes the architecture: write an ADR. */
const inward = {
  core: [],
  events: ['core'],
  domain: ['core', 'events'],
  projections: ['core', 'events', 'insight'],
  trust: ['core', 'events'],
  insight: [],
  engines: ['core'],
  contracts: ['core', 'events', 'domain'],
  runtime: ['core', 'events', 'domain', 'projections', 'insight', 'trust'],
  // Which engines a ledger of several processes runs on: the one room where they meet the runtime.
  distributed: ['core', 'runtime', 'engines/[^/]+'],
  sources: ['core', 'events', 'domain', 'projections', 'insight', 'trust'],
  delivery: ['core', 'events', 'domain', 'projections', 'insight', 'trust'],
};

const specs = '\\.(spec|e2e-spec)\\.ts$';
const lib = '(?:engines/[^/]+|(?!engines/)[^/]+)';
const packages = (names) => `(^|node_modules/)(${names})(/|$)`;
const anyPackage = 'node_modules/';
const nest = packages('@nestjs/[^/]+');
const drivers = packages('libsql|@libsql/[^/]+|@eventstore/db-client|kafkajs|mongodb');

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    // `testing` is let through here because `testing-only-in-tests` guards it. One engine never imports another.
    ...Object.entries(inward).map(([name, allowed]) =>
      forbid(
        `inward-${name}`,
        `${name} may import ${allowed.join(', ') || 'no other lib'}`,
        { path: `^libs/(${name === 'engines' ? 'engines/[^/]+' : name})/` },
        { path: '^libs/', pathNot: `^libs/(${['$1', 'testing', ...allowed].join('|')})/` },
      ),
    ),
    forbid(
      'contracts-take-types-of-domain',
      'contracts implement types of domain; its code would drag decisions into validation',
      { path: '^libs/contracts/', pathNot: specs },
      { path: '^libs/domain/', dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'contracts-packages',
      'contracts are class-validator classes with swagger decorators and nothing else',
      { path: '^libs/contracts/', pathNot: specs },
      {
        path: anyPackage,
        pathNot: packages('class-validator|class-transformer|@nestjs/swagger|reflect-metadata'),
      },
    ),
    forbid(
      'pure-without-builtins',
      'no I/O, clock or randomness of the platform in a pure lib',
      { path: '^libs/(core|events|domain|projections|insight)/', pathNot: specs },
      { dependencyTypes: ['core'] },
    ),
    forbid(
      'trust-only-node-crypto',
      'trust hashes, signs and seals; it neither reads nor writes anything',
      { path: '^libs/trust/', pathNot: specs },
      { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    ),
    forbid(
      'pure-without-packages',
      'what is kept for ever must not depend on what somebody else releases',
      { path: '^libs/(core|events|domain|projections|insight|trust)/', pathNot: specs },
      { path: anyPackage },
    ),
    forbid(
      'nest-only-at-the-edge',
      '@nestjs/* only in apps, libs/nest and libs/contracts',
      { path: '^libs/', pathNot: '^libs/(nest|contracts)/' },
      { path: nest },
    ),
    forbid(
      'cli-without-nest',
      'the command line is plain Node: it starts in a tenth of a second',
      { path: '^apps/cli/' },
      { path: [nest, '^libs/nest/'] },
    ),
    forbid(
      'drivers-only-in-engines',
      'a driver seen outside its engine makes the port a fiction',
      { path: '^(apps|libs)/', pathNot: '^libs/engines/' },
      { path: drivers },
    ),
    forbid(
      'testing-only-in-tests',
      'libs/testing is for specs and test/',
      { pathNot: [specs, '^test/', '^libs/testing/'] },
      { path: '^libs/testing/' },
    ),
    forbid('libs-not-to-apps', 'libs know no process', { path: '^libs/' }, { path: '^apps/' }),
    forbid(
      'apps-not-to-apps',
      'apps meet in libs',
      { path: '^apps/([^/]+)/', pathNot: '^apps/standalone/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    forbid(
      'standalone-takes-modules-only',
      'standalone puts the app.module of other apps together, nothing else of theirs',
      { path: '^apps/standalone/' },
      { path: '^apps/', pathNot: ['^apps/standalone/', '^apps/[^/]+/src/app\\.module\\.ts$'] },
    ),
    forbid(
      'libs-by-their-index',
      'what index.ts does not export is private',
      { path: `^((?:apps|libs|test)/${lib})` },
      { path: `^libs/${lib}/(?!src/index\\.ts$)`, pathNot: '^$1/' },
    ),
    forbid(
      'libs-by-their-name',
      'write #libs/x, not a path to it: built and tested code find it in different places',
      { path: `^((?:apps|libs|test)/${lib})` },
      {
        path: `^libs/${lib}/src/index\\.ts$`,
        pathNot: '^$1/',
        dependencyTypesNot: ['aliased-subpath-import'],
      },
    ),
    forbid(
      'not-your-own-barrel',
      'inside a lib import the file; through index.ts every file depends on every other',
      { path: `^libs/(${lib})/`, pathNot: specs },
      { path: '^libs/$1/src/index\\.ts$' },
    ),
    forbid('no-cycles', 'two files that need each other are one file', {}, { circular: true }),
    forbid(
      'no-orphans',
      'a file that imports nothing and that nobody imports is forgotten',
      {
        orphan: true,
        path: '^(apps|libs)/',
        pathNot: [specs, '\\.d\\.ts$', '/main\\.ts$', '\\.worker\\.ts$'],
      },
      {},
    ),
    forbid('no-unresolvable', 'an import that leads nowhere', {}, { couldNotResolve: true }),
    forbid(
      'no-dev-dependencies',
      'production installs without them',
      { path: '^(apps|libs)/', pathNot: [specs, '^libs/testing/'] },
      { dependencyTypes: ['npm-dev'] },
    ),
    forbid(
      'no-undeclared-dependencies',
      'it is there by accident, through some other package',
      {},
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'require', 'node', 'default'],
      mainFields: ['types', 'main'],
    },
  },
};
