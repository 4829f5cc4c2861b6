/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  // A suite that failed may leave a server behind; a run must end all the same.
  forceExit: true,
  maxWorkers: 2,
  // Nobody's speed is tested: a machine with much else to do must not fail what is right.
  testTimeout: 30_000,
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // These need servers: see jest.engines.config.cjs.
  testPathIgnorePatterns: ['/node_modules/', '\\.engines\\.spec\\.ts$'],
  transform: { '^.+\\.[cm]?[jt]s$': '<rootDir>/test/jest-transform.cjs' },
  transformIgnorePatterns: [],
  moduleNameMapper: { '^#libs/(.+)$': '<rootDir>/libs/$1/src/index.ts' },
  collectCoverageFrom: ['apps/**/*.ts', 'libs/**/*.ts', '!**/main.ts'],
  coverageProvider: 'v8',
};
