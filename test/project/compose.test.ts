import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '../..');

const composeSchema = z.object({ services: z.object({ elucid: z.record(z.string(), z.unknown()) }) });

function serviceIn(file: string) {
  return composeSchema.parse(parse(readFileSync(join(root, file), 'utf8'))).services.elucid;
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
