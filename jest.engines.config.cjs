const base = require('./jest.config.cjs');

/** Journeys over HTTP that hold on both topologies; the others are about the standalone process itself. */
const JOURNEYS = [
  'commands',
  'idempotency',
  'queries',
  'bulk',
  'feed',
  'conventions',
  'metrics',
  'segments',
  'as-of',
];

/** What needs EventStoreDB, Kafka or MongoDB: `npm run test:engines` starts them. */
/** @type {import('jest').Config} */
module.exports = {
  ...base,
  testMatch: ['**/*.engines.spec.ts', `**/test/e2e/(${JOURNEYS.join('|')}).spec.ts`],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/engines/global-setup.ts',
  globalTeardown: '<rootDir>/test/engines/global-teardown.ts',
};
