import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { readConfig } from '../../services/config.ts';

const root = join(import.meta.dirname, '../..');

const composeSchema = z.object({ services: z.object({ elucid: z.record(z.string(), z.unknown()) }) });

/** `!override` replaces a list where compose would add to it. */
const customTags = [{ tag: '!override', collection: 'seq' as const }];

function composeFile(file: string): unknown {
  return parse(readFileSync(join(root, file), 'utf8'), { customTags });
}

function serviceIn(file: string) {
  return composeSchema.parse(composeFile(file)).services.elucid;
}

describe('docker-compose.yml', () => {
  const service = serviceIn('docker-compose.yml');

  test('publishes the service on this machine only, since everybody may use it', () => {
    expect(service['environment']).toMatchObject({ ALLOW_ANONYMOUS: 'true' });
    expect(service['ports']).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
  });

  test('takes every right away that the service does not need', () => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      tmpfs: ['/tmp'],
      mem_limit: expect.any(String),
      pids_limit: expect.any(Number),
    });
    expect(service).not.toHaveProperty('privileged');
  });

  test('mounts the models for reading, and volumes where the image says that it writes', () => {
    expect(service['volumes']).toEqual([expect.stringMatching(/:\/models:ro$/), 'cache:/cache', 'data:/data']);
  });

  test('builds the default target, and waits longer than the service takes to stop', () => {
    expect(service['build']).toEqual({ context: '.', target: 'cpu' });
    expect(service['stop_grace_period']).toBe('15s');
    expect(service['healthcheck']).toMatchObject({ test: ['CMD', 'node', 'docker/healthcheck.mjs'] });
  });
});

test('docker/compose.cuda.yml changes the target and reserves a GPU', () => {
  expect(serviceIn('docker/compose.cuda.yml')).toMatchObject({
    build: { target: 'cuda' },
    deploy: { resources: { reservations: { devices: [{ driver: 'nvidia', count: 1, capabilities: ['gpu'] }] } } },
  });
});

test('docker/compose.keys.yml serves others, who need a key, and holds none itself', () => {
  const service = serviceIn('docker/compose.keys.yml');
  expect(service['environment']).toEqual({
    ALLOW_ANONYMOUS: 'false',
    API_KEYS_FILE: '/run/secrets/api_keys',
    ADMIN_KEYS_FILE: '/run/secrets/admin_keys',
  });
  expect(service['secrets']).toEqual(['api_keys', 'admin_keys']);
  expect(composeFile('docker/compose.keys.yml')).toMatchObject({
    secrets: { api_keys: { file: expect.any(String) }, admin_keys: { file: expect.any(String) } },
  });
  const [git, docker] = ['.gitignore', '.dockerignore'].map((name) =>
    readFileSync(join(root, name), 'utf8').split('\n'),
  );
  expect([git, docker]).toEqual([expect.arrayContaining(['docker/keys']), expect.arrayContaining(['docker/keys'])]);
});

test('what compose sets is known to the service', () => {
  const surroundings = { temporaryFolder: '/tmp', user: '1000', homeFolder: () => '/home/me', memoryBytes: 2 ** 33 };
  const image = { HOST: '0.0.0.0', MODELS_DIR: '/models', CACHE_DIR: '/cache', DATA_DIR: '/data' };
  const environment = (file: string) =>
    Object.fromEntries(
      Object.entries(z.record(z.string(), z.string()).parse(serviceIn(file)['environment'])).map(([name, value]) => [
        name,
        value.replace(/^\$\{\w+:-(.*)\}$/, '$1'),
      ]),
    );
  const plain = { ...image, ...environment('docker-compose.yml') };
  expect(readConfig(plain, surroundings).ALLOWED_HOSTS).toEqual(['localhost', 'elucid']);
  expect(readConfig({ ...plain, ...environment('docker/compose.keys.yml') }, surroundings).RATE_LIMIT).toBe(6000);
});
