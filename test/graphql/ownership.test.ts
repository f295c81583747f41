import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { createClient } from 'graphql-ws';
import sharp from 'sharp';
import WebSocket from 'ws';
import type { Principal } from '../../services/access/principal.ts';
import { PictureLinks } from '../../services/answers/pictureLinks.ts';
import { Uploads } from '../../services/answers/uploads.ts';
import { graphql } from '../../services/graphql/routes.ts';
import { acceptWebSockets } from '../../services/graphql/webSockets.ts';
import { clientSignal } from '../../services/http/clientSignal.ts';
import { failureOf, PROBLEMS } from '../../services/http/problem.ts';
import { type TestApp, testApp, testFiles, testRegistry } from '../http/testApp.ts';
import { EXPLAIN, REQUEST } from './client.ts';

let fake: TestApp;
let uploads: Uploads;
let app: FastifyInstance;
let url: string;
const charged: { owner: string | null; cost: number }[] = [];

/** GraphQL in an app of its own, whose requests are made on behalf of whom the header x-owner names. */
beforeAll(async () => {
  fake = await testApp();
  const files = await testFiles();
  uploads = new Uploads(files);
  app = fastify();
  app.decorateRequest('principal');
  app.addHook('onRequest', async (request) => {
    request.principal = { owner: String(request.headers['x-owner'] ?? 'nobody'), admin: false };
  });
  await acceptWebSockets(app);
  await app.register(graphql, {
    ...{ service: fake.service, registry: testRegistry(), jobs: fake.jobs, uploads, clientSignal },
    links: new PictureLinks(files, new Uint8Array(32)),
    config: { MAX_RUNS: 8, GRAPHQL_MAX_COST: 500, GRAPHQL_INTROSPECTION: true },
    failureOf: (error) => ({ ...failureOf(error), ...PROBLEMS[failureOf(error).code] }),
    stopping: new AbortController().signal,
    principalOf: (parameters): Principal | null =>
      parameters?.['authorization'] === undefined ? null : { owner: String(parameters['authorization']), admin: false },
    charge: (_request, { owner }, cost) => {
      if (owner === 'broke') throw new Error('no credit');
      charged.push({ owner, cost });
    },
  });
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
});
afterAll(async () => {
  await app.close();
  await fake.app.close();
  await fake.jobs.close();
});

async function ask(owner: string, query: string, variables: object = {}) {
  const payload = { query, variables };
  return (await app.inject({ method: 'POST', url: '/graphql', payload, headers: { 'x-owner': owner } })).json();
}

async function createJob(owner: string): Promise<string> {
  const { data } = await ask(owner, 'mutation { createPrototype(request: {model: "digits", target: 0}) { id } }');
  return data.createPrototype.id;
}

const listen = (authorization: string | undefined, id: string) => {
  const client = createClient({
    ...{ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 },
    ...(authorization === undefined ? {} : { connectionParams: { authorization } }),
  });
  return client.iterate({ query: 'subscription ($id: ID!) { jobEvents(id: $id) { type } }', variables: { id } });
};

test('jobs of another owner do not exist', async () => {
  const id = await createJob('a');
  for (const query of [
    'query ($id: ID!) { job(id: $id) { id } }',
    'query ($id: ID!) { job(id: $id) { result { __typename } } }',
    'mutation ($id: ID!) { cancelJob(id: $id) { id } }',
  ]) {
    const { data, errors } = await ask('b', query, { id });
    expect([data, errors[0].extensions.code]).toEqual([null, 'unknown-job']);
  }
  expect((await ask('b', '{ jobs { jobs { id } } }')).data.jobs.jobs).toEqual([]);
  expect((await ask('a', '{ jobs { jobs { id } } }')).data.jobs.jobs).toEqual([{ id }]);
});

test('images of another owner do not exist', async () => {
  const png = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const { id: imageId } = await uploads.put(png, 'a');
  const request = { model: 'digits', input: { imageId } };
  expect((await ask('a', `${EXPLAIN} { id } }`, { request })).errors).toBeUndefined();
  expect((await ask('b', `${EXPLAIN} { id } }`, { request })).errors[0].extensions.code).toBe('unknown-image');
});

test('a subscription is made on behalf of whom its first message names, whoever opened the connection', async () => {
  const id = await createJob('a');
  expect((await listen('a', id).next()).value?.data).toEqual({ jobEvents: { type: 'QUEUED' } });
  expect((await listen('b', id).next()).value?.errors).toMatchObject([{ extensions: { code: 'unknown-job' } }]);
  await expect(listen(undefined, id).next()).rejects.toMatchObject({ code: 4403 });
});

test('every operation is charged before it runs, by what it costs', async () => {
  charged.length = 0;
  await ask('a', `${EXPLAIN} { id picture { url } } }`, { request: REQUEST });
  const id = await createJob('a');
  await listen('c', id).next();
  expect(charged).toEqual([
    { owner: 'a', cost: 13 },
    { owner: 'a', cost: 201 },
    { owner: 'c', cost: 1 },
  ]);
  fake.service.commands.length = 0;
  const { errors } = await ask('broke', `${EXPLAIN} { id } }`, { request: REQUEST });
  expect([errors[0].extensions.code, fake.service.commands.length]).toEqual(['internal', 0]);
});
