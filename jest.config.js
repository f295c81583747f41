/** @type {Partial<import('jest').Config>} */
const shared = {
  testEnvironment: './test/environment.ts',
  setupFilesAfterEnv: ['./test/patience.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }] },
  extensionsToTreatAsEsm: ['.ts'],
};

/** Tests that start the service: those of them that fail leave none behind. */
const withService = {
  ...shared,
  setupFilesAfterEnv: [...shared.setupFilesAfterEnv, './test/integration/endServices.ts'],
};

/**
 * `unit`: without sockets and child processes. `integration`: starts the service. `models`: needs data that is not part of
 * the project. `docker`: builds what the images hold.
 * @type {import('jest').Config}
 */
export default {
  // Modules of finished suites stay in memory: a process that holds so much is replaced by a fresh one.
  workerIdleMemoryLimit: '1.5GB',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['integration', 'models-data', 'docker'].map((folder) => `<rootDir>/test/${folder}/`),
    },
    { ...withService, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.test.ts'] },
    { ...withService, displayName: 'models', testMatch: ['<rootDir>/test/models-data/**/*.test.ts'] },
    { ...withService, displayName: 'docker', testMatch: ['<rootDir>/test/docker/**/*.test.ts'] },
  ],
};
