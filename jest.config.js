/** @type {Partial<import('jest').Config>} */
const shared = {
  testEnvironment: './test/environment.ts',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
  extensionsToTreatAsEsm: ['.ts'],
};

/**
 * `unit`: without sockets and child processes. `integration`: starts the service.
 * @type {import('jest').Config}
 */
export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/integration/', '<rootDir>/test/models-data/'],
    },
    { ...shared, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.test.ts'] },
    { ...shared, displayName: 'models', testMatch: ['<rootDir>/test/models-data/**/*.test.ts'] },
  ],
};
