import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { OpenStreams } from '../../services/http/jobs/openStreams.ts';

type Held = Parameters<OpenStreams['hold']>[0];

/** A response whose client has gone before anything was sent. */
async function abandoned(): Promise<Held> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  client.on('error', () => undefined).end();
  const [, raw] = await once(server, 'request');
  client.destroy();
  await once(raw, 'close');
  server.close();
  return { raw } as Held;
}

test('an answer whose client has gone already is not held', async () => {
  const streams = new OpenStreams();
  const { signal } = streams.hold(await abandoned());
  expect(signal.aborted).toBe(true);
  expect(streams.size).toBe(0);
});
