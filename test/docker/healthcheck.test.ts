import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { run } from './run.ts';

const script = join(import.meta.dirname, '../../docker/healthcheck.mjs');

let server: Server;
let status = 200;
let asked: string[] = [];
beforeAll(async () => {
  server = createServer(({ url }, response) => {
    asked.push(url ?? '');
    response.writeHead(status).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

const check = (port: number) => run(process.execPath, [script], { PORT: String(port) });
const port = () => (server.address() as AddressInfo).port;

describe('docker/healthcheck.mjs', () => {
  test('says healthy when GET /health/ready answers 200', async () => {
    asked = [];
    status = 200;
    expect(await check(port())).toEqual({ status: 0, output: '' });
    expect(asked).toEqual(['/health/ready']);
  });

  test('says unhealthy when it answers 503', async () => {
    status = 503;
    expect(await check(port())).toEqual({ status: 1, output: '' });
  });

  test('says unhealthy when nobody listens', async () => {
    expect(await check(1)).toEqual({ status: 1, output: '' });
  });
});
