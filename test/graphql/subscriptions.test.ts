import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { ElucidError } from '../../schemas/errors.ts';
import type { Explanation } from '../../services/compute/explanation.ts';
import { fakeExplanation } from '../http/fakeService.ts';
import { type TestApp, testApp } from '../http/testApp.ts';
import { asker, EXPLAIN, REQUEST } from './client.ts';

let fake: TestApp;
let url: string;
let client: Client;
/** What a held explanation waits for. */
let finish: () => void = () => undefined;
const ask = asker(() => fake.app);

beforeAll(async () => {
  fake = await testApp();
  url = `${await fake.app.listen({ host: '127.0.0.1', port: 0 })}/graphql`.replace('http', 'ws');
});
beforeEach(() => {
  client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
});
afterEach(async () => {
  finish();
  await client.dispose();
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

const QUERY =
  'subscription ($id: ID!, $after: Int! = 0) { jobEvents(id: $id, after: $after) { number type progress { step } preview job { id state result { __typename } } } }';

interface Event {
  readonly number: number;
  readonly type: string;
  readonly preview: string | null;
  readonly job: { readonly state: string; readonly result: { readonly __typename: string } | null };
}

function events(variables: Record<string, unknown>, query = QUERY) {
  return client.iterate<{ jobEvents: Event }>({ query, variables });
}

async function all(variables: Record<string, unknown>): Promise<Event[]> {
  const received: Event[] = [];
  for await (const { data, errors } of events(variables)) {
    expect(errors).toBeUndefined();
    if (data) received.push(data.jobEvents);
  }
  return received;
}

/** A job that ends when the test says so. */
async function heldJob(): Promise<string> {
  fake.service.instead = (command, signal) =>
    new Promise<Explanation>((resolve, reject) => {
      finish = () => resolve(fakeExplanation(command));
      signal.addEventListener('abort', () => reject(new ElucidError('gone', 'aborted')));
    });
  return createJob();
}

async function createJob(): Promise<string> {
  const { data } = await ask(
    `${EXPLAIN.replace('query', 'mutation').replace('explain(', 'createExplanationJob(')} { id } }`,
    { request: REQUEST },
  );
  return data.createExplanationJob.id;
}

describe('jobEvents', () => {
  beforeEach(() => {
    fake.service.instead = null;
  });

  test('tells the story of a job and ends with its end, when its result is there', async () => {
    const received = await all({ id: await createJob() });
    expect(received.map(({ type }) => type)).toEqual(['QUEUED', 'RUNNING', 'RESULT']);
    expect(received.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(received.at(-1)?.job).toMatchObject({ state: 'SUCCEEDED', result: { __typename: 'Explanation' } });
    expect(received[0]?.job).toMatchObject({ state: 'QUEUED', result: null });
  });

  test('goes on behind the event that was seen', async () => {
    const id = await createJob();
    await all({ id });
    expect((await all({ id, after: 2 })).map(({ number }) => number)).toEqual([3]);
    expect(await all({ id, after: 3 })).toEqual([]);
  });

  test('tells of progress with previews', async () => {
    fake.prototypes.before = async (task, { onReport }) => {
      const images = new Float32Array(784);
      onReport({
        progress: { step: 1, steps: task.options.steps, objective: -1, eta_ms: null },
        images,
        snapshot: null,
      });
    };
    const { data } = await ask('mutation { createPrototype(request: {model: "digits", target: 0, seed: 5}) { id } }');
    const received = await all({ id: data.createPrototype.id });
    fake.prototypes.before = null;
    const previews = received.flatMap(({ preview }) => preview ?? []);
    expect(received.at(-1)?.type).toBe('RESULT');
    expect(previews.length).toBeGreaterThan(0);
    expect(previews[0]).toMatch(/^data:image\/png;base64,iVBORw0KGgo/);
  });

  test('what comes later comes when it happens; a job that is cancelled ends it', async () => {
    const id = await heldJob();
    const iterator = events({ id });
    expect((await iterator.next()).value?.data?.jobEvents.type).toBe('QUEUED');
    expect((await iterator.next()).value?.data?.jobEvents.type).toBe('RUNNING');
    const next = iterator.next();
    await ask('mutation ($id: ID!) { cancelJob(id: $id) { id } }', { id });
    expect((await next).value?.data?.jobEvents.type).toBe('CANCELLED');
    expect((await iterator.next()).done).toBe(true);
  });

  test('a client can leave while nothing happens', async () => {
    const id = await heldJob();
    const iterator = events({ id });
    await iterator.next();
    await iterator.next();
    expect(fake.store.watched).toBeGreaterThan(0);
    await iterator.return?.();
    while (fake.store.watched > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('an unknown job is an error with its code', async () => {
    const iterator = events({ id: 'nope' });
    expect((await iterator.next()).value?.errors).toMatchObject([
      { path: ['jobEvents'], extensions: { code: 'unknown-job', request_id: expect.any(String) } },
    ]);
    expect((await iterator.next()).done).toBe(true);
  });

  test.each([
    ['a query', '{ methods { composites } }', 'received a query; allowed here are subscriptions'],
    ['a mutation', 'mutation { cancelJob(id: 1) { id } }', 'received a mutation'],
    ['a field that is not there', 'subscription { jobEvents(id: 1) { nope } }', 'Cannot query field "nope"'],
    [
      'a cycle of fragments',
      'subscription { jobEvents(id: 1) { ...F } } fragment F on JobEvent { job { ...G } } fragment G on Job { ...G }',
      'Cannot spread',
    ],
    ['no GraphQL', 'subscription {', 'Syntax Error'],
    ['too many tokens', `subscription { ${'a '.repeat(2001)} }`, '2000 tokens'],
    ['too many fields', `subscription { jobEvents(id: 1) { ${'number '.repeat(501)} } }`, 'allowed are 500'],
    [
      'two roots',
      'subscription { a: jobEvents(id: 1) { number } b: jobEvents(id: 2) { number } }',
      'must select only one top level field',
    ],
  ])('%s is refused', async (_name, query, words) => {
    const iterator = events({}, query);
    await expect(iterator.next()).rejects.toMatchObject([
      { message: expect.stringContaining(words), extensions: { code: 'bad-query' } },
    ]);
  });

  test('a bad variable is refused', async () => {
    expect((await events({ id: {} }).next()).value?.errors).toMatchObject([{ extensions: { code: 'bad-query' } }]);
  });

  test('a connection has so many subscriptions', async () => {
    const id = await heldJob();
    const iterators = Array.from({ length: 16 }, () => events({ id }));
    await Promise.all(iterators.map((iterator) => iterator.next()));
    await expect(events({ id }).next()).rejects.toMatchObject([{ extensions: { code: 'too-many' } }]);
    await Promise.all(iterators.map((iterator) => iterator.return?.()));
  });
});

describe('connections', () => {
  const open = (protocol: string | string[] = 'graphql-transport-ws') => new WebSocket(url, protocol);
  const closed = (socket: WebSocket) =>
    new Promise<{ code: number; reason: string }>((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  const opened = (socket: WebSocket) => new Promise((resolve) => socket.once('open', resolve));
  const message = (socket: WebSocket) =>
    new Promise<{ type: string }>((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)))));

  test.each([
    ['no protocol', [], [], 4406],
    ['no JSON', 'graphql-transport-ws', ['x'], 4400],
    [
      'a subscription before the connection is acknowledged',
      'graphql-transport-ws',
      ['{"id":"1","type":"subscribe","payload":{"query":"subscription { jobEvents(id: 1) { number } }"}}'],
      4401,
    ],
    ['two introductions', 'graphql-transport-ws', ['{"type":"connection_init"}', '{"type":"connection_init"}'], 4429],
    ['a message that is too large', 'graphql-transport-ws', ['x'.repeat(200_000)], 1009],
  ])('%s ends one', async (_name, protocol, messages, code) => {
    const socket = open(protocol);
    const end = closed(socket);
    socket.on('open', () => {
      for (const text of messages) socket.send(text);
    });
    expect((await end).code).toBe(code);
  });

  test('one that says nothing ends', async () => {
    const { code } = await closed(open());
    expect(code).toBe(4408);
  }, 20_000);

  test('pings are answered', async () => {
    const socket = open();
    await opened(socket);
    socket.send('{"type":"ping"}');
    expect(await message(socket)).toEqual({ type: 'pong' });
    socket.close();
  });

  test('headers that the first message pretends change nothing', async () => {
    const socket = open();
    await opened(socket);
    socket.send('{"type":"connection_init","payload":{"headers":{"authorization":"x"},"authorization":"x"}}');
    expect((await message(socket)).type).toBe('connection_ack');
    socket.close();
  });

  test('other paths have no WebSocket', async () => {
    const socket = new WebSocket(url.replace('/graphql', '/models'));
    socket.on('error', () => undefined);
    expect([1005, 1006]).toContain((await closed(socket)).code);
  });

  test('they end when the service stops, at once, also under a client that does not answer', async () => {
    const other = await testApp();
    const address = `${await other.app.listen({ host: '127.0.0.1', port: 0 })}/graphql`.replace('http', 'ws');
    const sockets = [new WebSocket(address, 'graphql-transport-ws'), new WebSocket(address, 'graphql-transport-ws')];
    await Promise.all(sockets.map(opened));
    const [polite, silent] = sockets;
    if (polite === undefined || silent === undefined) throw new Error('two were opened');
    silent.pause();
    const end = closed(polite);
    const began = performance.now();
    await other.app.close();
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(await end).toEqual({ code: 1001, reason: 'the service is stopping' });
    await other.jobs.close();
    silent.terminate();
  });
});
