import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../services/config.ts';
import { configReference } from '../../services/configReference.ts';

const surroundings = { temporaryFolder: '/tmp', user: '1000', homeFolder: () => '/home/me', memoryBytes: 64 * 2 ** 30 };
const read = (environment: NodeJS.ProcessEnv) => readConfig(environment, surroundings);

describe('the configuration', () => {
  test('has defaults for everything', () => {
    expect(read({})).toEqual({
      GRAPHQL_MAX_COST: 500,
      GRAPHQL_INTROSPECTION: true,
      HOST: '127.0.0.1',
      PORT: 3000,
      LOG_LEVEL: 'info',
      ENGINE: 'auto',
      ONNX_PROVIDERS: ['cpu'],
      EXPLAIN_WORKERS: 1,
      MAX_BATCH: 32,
      MAX_QUEUE: 256,
      MAX_RUNS: 4096,
      MAX_UPLOAD_BYTES: 8388608,
      MAX_PIXELS: 64e6,
      EXPLAIN_TIMEOUT_MS: 30000,
      CACHE_BYTES: 512 * 2 ** 20,
      CACHE_DIR: join('/tmp', 'elucid-1000'),
      CACHE_DISK_BYTES: 8 * 2 ** 30,
      CACHE_CHECK_DELAY_MS: 10e3,
      MODEL_MEMORY_BYTES: 4 * 2 ** 30,
      WORKER_MEMORY_BYTES: 6 * 2 ** 30,
      DATA_DIR: join('/home/me', '.local/state/elucid'),
      DATA_DISK_BYTES: 4 * 2 ** 30,
      JOB_WORKERS: 1,
      MAX_JOBS: 1000,
      IMAGES_DISK_BYTES: 2 ** 29,
      JOB_TIMEOUT_MS: 1800e3,
      JOB_TTL: 3600e3,
      ALLOW_ANONYMOUS: false,
      RATE_LIMIT: 0,
      MISS_LIMIT: 300,
      ALLOWED_HOSTS: [],
      MAX_CONNECTIONS: 4096,
      REQUEST_TIMEOUT_MS: 60e3,
      RESPONSE_TIMEOUT_MS: 60e3,
      TRUST_PROXY: false,
    });
  });

  test('the memory of a worker follows from other bounds, and never exceeds what there is', () => {
    const memory = (environment: NodeJS.ProcessEnv, memoryBytes: number) =>
      readConfig(environment, { ...surroundings, memoryBytes }).WORKER_MEMORY_BYTES;
    const GIB = 2 ** 30;
    expect(memory({ MODEL_MEMORY_BYTES: String(GIB), CACHE_BYTES: String(2 * GIB) }, 64 * GIB)).toBe(6 * GIB);
    expect(memory({}, 2 * GIB)).toBe(1.5 * GIB);
    expect(memory({ WORKER_MEMORY_BYTES: '5e9' }, 2 * GIB)).toBe(5e9);
    expect(memory({ WORKER_MEMORY_BYTES: '0' }, 2 * GIB)).toBe(0);
  });

  test('reads what is given, an empty value is none, and other variables are nobody’s business', () => {
    const environment = {
      PORT: '0',
      MAX_PIXELS: '1e6',
      ONNX_PROVIDERS: 'cuda, cpu',
      LOG_LEVEL: '',
      CACHE_DIR: '/x',
      HOME: '/',
    };
    expect(read(environment)).toMatchObject({
      PORT: 0,
      MAX_PIXELS: 1e6,
      ONNX_PROVIDERS: ['cuda', 'cpu'],
      LOG_LEVEL: 'info',
      CACHE_DIR: '/x',
    });
  });

  test.each([
    ['/state', '/state/elucid'],
    ['state', '/home/me/.local/state/elucid'],
  ])('XDG_STATE_HOME=%s puts jobs into %s', (XDG_STATE_HOME, expected) => {
    expect(read({ XDG_STATE_HOME }).DATA_DIR).toBe(expected);
    expect(read({ XDG_STATE_HOME, DATA_DIR: '/data' }).DATA_DIR).toBe('/data');
  });

  test.each([
    ['90s', 90e3],
    ['1500ms', 1500],
    ['30m', 1800e3],
    ['2h', 7200e3],
    ['3d', 259200e3],
    ['3600', 3600e3],
  ])('JOB_TTL=%s is %d milliseconds', (JOB_TTL, expected) => {
    expect(read({ JOB_TTL }).JOB_TTL).toBe(expected);
  });

  test.each([
    ['true', true],
    ['2', 2],
    ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
  ])('TRUST_PROXY=%s', (value, expected) => {
    expect(read({ TRUST_PROXY: value }).TRUST_PROXY).toEqual(expected);
  });

  test.each([
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['PORT', '3000x', 'a whole number'],
    ['MAX_BATCH', '0', 'from 1 to'],
    ['MAX_BATCH', '1.5', 'a whole number'],
    ['MAX_QUEUE', '1e400', 'a whole number'],
    ['LOG_LEVEL', 'loud', 'fatal, error, warn'],
    ['ENGINE', 'torch', 'auto, onnx, tensorflow'],
    ['ONNX_PROVIDERS', 'cpu,tpu', 'cpu, cuda'],
    ['ALLOW_ANONYMOUS', 'yes', 'true or false'],
    ['TRUST_PROXY', 'localhost', 'IP addresses'],
    ['HOST', 'a b', 'an IP address'],
    ['JOB_TTL', '1 hour', 'from 1s to 30d'],
    ['JOB_TTL', '31d', 'from 1s to 30d'],
    ['JOB_TTL', '10ms', 'from 1s to 30d'],
    ['MAX_JOBS', '0', 'from 1 to'],
    ['CORS_ORIGINS', 'example.org', 'https://example.org'],
    ['CORS_ORIGINS', 'https://example.org/', 'https://example.org'],
    ['CORS_ORIGINS', '*,https://example.org', 'or *'],
    ['ALLOWED_HOSTS', 'a b', 'host names'],
    ['RATE_LIMIT', '-1', 'from 0 to 1000000'],
    ['MAX_CONNECTIONS', '0', 'from 1 to'],
  ])('%s=%s is refused in one line that says what is allowed', (name, value, allowed) => {
    const refuse = () => read({ [name]: value });
    expect(refuse).toThrow(allowed);
    expect(refuse).toThrow(new RegExp(`^${name}: [^\\n]+$`));
    expect(refuse).toThrow(JSON.stringify(value));
  });

  test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('%s is open to this machine alone', (HOST) => {
    expect(read({ HOST }).HOST).toBe(HOST);
  });

  test.each(['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.evil.example'])(
    '%s needs keys or ALLOW_ANONYMOUS=true',
    (HOST) => {
      expect(() => read({ HOST })).toThrow('ALLOW_ANONYMOUS=true');
      // Administrators alone have keys: everybody else would be served without one.
      expect(() => read({ HOST, ADMIN_KEYS: 'k'.repeat(16) })).toThrow('API_KEYS');
      expect(read({ HOST, ALLOW_ANONYMOUS: 'true' }).HOST).toBe(HOST);
      expect(read({ HOST, API_KEYS: 'k'.repeat(16) }).HOST).toBe(HOST);
      expect(read({ HOST, API_KEYS_FILE: '/keys' }).HOST).toBe(HOST);
    },
  );

  test('with API keys there is a limit of points, unless it is set', () => {
    const API_KEYS = 'k'.repeat(16);
    expect(read({ API_KEYS }).RATE_LIMIT).toBe(6000);
    expect(read({ API_KEYS, RATE_LIMIT: '0' }).RATE_LIMIT).toBe(0);
    expect(read({ RATE_LIMIT: '10' }).RATE_LIMIT).toBe(10);
  });

  test('any host name may be asked for where others reach the service, unless names are set', () => {
    const open = { HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' };
    expect(read(open).ALLOWED_HOSTS).toEqual(['*']);
    expect(read({ ...open, ALLOWED_HOSTS: 'Elucid, example.org' }).ALLOWED_HOSTS).toEqual(['elucid', 'example.org']);
  });

  test('origins are a list', () => {
    expect(read({ CORS_ORIGINS: 'https://a.example, http://b.example:8080' }).CORS_ORIGINS).toEqual([
      'https://a.example',
      'http://b.example:8080',
    ]);
  });
});

test('docs/configuration.md is current', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
  expect(page).toBe(configReference());
});
