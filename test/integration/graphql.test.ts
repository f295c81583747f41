import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ClientError, GraphQLClient } from 'graphql-request';
import { createClient } from 'graphql-ws';
import sharp from 'sharp';
import WebSocket from 'ws';
import { z } from 'zod';
import { explanationSchema } from '../../schemas/explanation.ts';
import { uploadedImageSchema } from '../../schemas/images.ts';
import { sendCurl } from '../support/curl.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const ROOT = join(import.meta.dirname, '../..');
const ADDRESS = 'http://127.0.0.1:3000';
const THREE = readFileSync(join(ROOT, 'models/zoo/samples/3.png'));
const PAGE = readFileSync(join(ROOT, 'docs/graphql.md'), 'utf8');

let service: RunningService;
let client: GraphQLClient;

beforeAll(async () => {
  service = await startService();
  client = new GraphQLClient(`${service.url}/graphql`);
});
afterAll(async () => {
  await service?.stop();
});

async function upload(): Promise<string> {
  const answer = await fetch(`${service.url}/images`, {
    ...{ method: 'PUT', headers: { 'content-type': 'image/png' }, body: THREE },
  });
  expect(answer.status).toBe(201);
  return uploadedImageSchema.parse(await answer.json()).imageId;
}

const explained = z.object({
  explain: z.object({
    prediction: z.object({ label: z.string(), score: z.number() }),
    conservation: z.object({ start: z.number(), input_sum: z.number() }),
    relevance: z.object({ shape: z.array(z.number()), data: z.string() }),
    picture: z.object({ url: z.string(), media_type: z.string() }),
  }),
});

const EXPLAIN = `query ($request: ExplainInput!, $as: PictureForm!) { explain(request: $request) {
  prediction { label score } conservation { start input_sum } relevance { shape data }
  picture(render: {mode: SIDE_BY_SIDE, size: 56}, as: $as) { url media_type } } }`;

const ask = async (input: object, as: 'LINK' | 'DATA_URL') =>
  explained.parse(await client.request(EXPLAIN, { request: { model: 'mnist-cnn', input }, as })).explain;

describe('explain', () => {
  test('by the id of an image, as base64 and over REST gives the same bits', async () => {
    const [byId, byBytes] = [
      await ask({ imageId: await upload() }, 'LINK'),
      await ask({ image: THREE.toString('base64') }, 'DATA_URL'),
    ];
    expect(byId.prediction.label).toBe('3');
    expect(byId.relevance).toEqual(byBytes.relevance);
    expect(byId.relevance.shape).toEqual([1, 28, 28]);
    const body = JSON.stringify({
      model: 'mnist-cnn',
      input: { image: THREE.toString('base64') },
      include: ['relevance'],
    });
    const rest = await fetch(`${service.url}/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(explanationSchema.parse(await rest.json()).relevance.data).toBe(byId.relevance.data);
    const sum = new Float32Array(Uint8Array.from(Buffer.from(byId.relevance.data, 'base64')).buffer).reduce(
      (a, b) => a + b,
      0,
    );
    expect(Math.abs(sum - byId.conservation.input_sum)).toBeLessThan(1e-3);
  });

  test('its picture is at the link, and is the one of the data URL', async () => {
    const linked = await ask({ imageId: await upload() }, 'LINK');
    const embedded = await ask({ image: THREE.toString('base64') }, 'DATA_URL');
    const answer = await fetch(`${service.url}${linked.picture.url}`);
    const file = Buffer.from(await answer.arrayBuffer());
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(`data:image/png;base64,${file.toString('base64')}`).toBe(embedded.picture.url);
    expect(await sharp(file).metadata()).toMatchObject({ format: 'png', height: 56 });
    expect((await fetch(`${service.url}${linked.picture.url}x`)).status).toBe(404);
  });

  test('an error arrives as the client knows errors', async () => {
    const asked = ask({ imageId: 'A'.repeat(32) }, 'LINK');
    await expect(asked).rejects.toBeInstanceOf(ClientError);
    await expect(asked).rejects.toMatchObject({ response: { errors: [{ extensions: { code: 'unknown-image' } }] } });
    await expect(client.request('{ nope }')).rejects.toMatchObject({ response: { status: 400 } });
  });
});

const CREATE = 'mutation ($request: PrototypeInput!) { createPrototype(request: $request) { id } }';
const created = z.object({ createPrototype: z.object({ id: z.string() }) });
const told = z.object({
  jobEvents: z.object({ number: z.number(), type: z.string(), preview: z.string().nullable() }),
});

async function* events(id: string, after = 0) {
  const socket = createClient({ url: `${service.url}/graphql`.replace('http', 'ws'), webSocketImpl: WebSocket });
  const query = 'subscription ($id: ID!, $after: Int!) { jobEvents(id: $id, after: $after) { number type preview } }';
  try {
    for await (const { data } of socket.iterate({ query, variables: { id, after } })) yield told.parse(data).jobEvents;
  } finally {
    await socket.dispose();
  }
}

async function createJob(request: object): Promise<string> {
  return created.parse(await client.request(CREATE, { request })).createPrototype.id;
}

describe('jobs', () => {
  test('a prototype is watched until it is there, and is its result', async () => {
    const id = await createJob({ model: 'mnist-cnn', target: 3, steps: 400, tolerance: 0 });
    const types = new Set<string>();
    let previews = 0;
    for await (const { type, preview } of events(id)) {
      types.add(type);
      if (preview !== null) previews += 1;
    }
    expect([...types]).toEqual(['QUEUED', 'RUNNING', 'PROGRESS', 'RESULT']);
    expect(previews).toBeGreaterThan(0);
    const query =
      'query ($id: ID!) { job(id: $id) { state result { ... on Prototypes { prototypes { probability image } } } } }';
    const { job } = await client.request<{
      job: { state: string; result: { prototypes: { probability: number; image: string }[] } };
    }>(query, { id });
    expect(job.state).toBe('SUCCEEDED');
    const [found] = job.result.prototypes;
    expect(found?.probability).toBeGreaterThan(0.99);
    const file = Buffer.from(found?.image.replace('data:image/png;base64,', '') ?? '', 'base64');
    expect(await sharp(file).metadata()).toMatchObject({ format: 'png', width: 28, height: 28 });
  });

  test('one that is cancelled tells so, also to who comes back', async () => {
    const id = await createJob({ model: 'mnist-cnn', target: 5, steps: 5000, tolerance: 0 });
    let last = 0;
    for await (const { number, type } of events(id)) {
      last = number;
      if (type === 'PROGRESS') break;
    }
    const { cancelJob } = await client.request<{ cancelJob: { state: string } }>(
      'mutation ($id: ID!) { cancelJob(id: $id) { state } }',
      { id },
    );
    expect(cancelJob.state).toBe('CANCELLED');
    const rest: { number: number; type: string }[] = [];
    for await (const event of events(id, last)) rest.push(event);
    expect(rest.at(-1)?.type).toBe('CANCELLED');
    expect(rest.every(({ number }) => number > last)).toBe(true);
  });
});

describe('docs/graphql.md', () => {
  const blocks = (language: string) =>
    [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text ?? '');

  test('its commands run', async () => {
    const commands = blocks('').filter((text) => text.startsWith('curl'));
    expect(commands).toHaveLength(2);
    const answers = await Promise.all(commands.map((command) => sendCurl(command.trim(), ADDRESS, service.url, ROOT)));
    expect(answers.map(({ status }) => status)).toEqual([200, 201]);
    expect(await answers[0]?.json()).toMatchObject({ data: { models: expect.any(Array) } });
  });

  test('its documents run', async () => {
    const documents = blocks('graphql');
    expect(documents).toHaveLength(2);
    const variables = { image: await upload(), job: await createJob({ model: 'mnist-mlp', target: 1, steps: 5 }) };
    for await (const _event of events(variables.job)) {
      // Until its result is there.
    }
    for (const document of documents) {
      const answer = z.record(z.string(), z.unknown()).parse(await client.request(document, variables));
      expect(Object.values(answer)).not.toContain(null);
    }
  });

  test('its program runs', async () => {
    const [program = ''] = blocks('js');
    const code = program.replace(ADDRESS, service.url);
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT });
    expect(stdout).toMatch(/^QUEUED 0\n[\s\S]*RESULT \d+\nit is a 3\n$/);
  });
});

test('uploaded images and links outlive a restart', async () => {
  const folder = await promisify(execFile)('mktemp', ['-d']);
  const DATA_DIR = folder.stdout.trim();
  const first = await startService({ DATA_DIR });
  const put = await fetch(`${first.url}/images`, {
    method: 'PUT',
    headers: { 'content-type': 'image/png' },
    body: THREE,
  });
  const { imageId } = uploadedImageSchema.parse(await put.json());
  const query = 'query ($request: ExplainInput!) { explain(request: $request) { picture(as: LINK) { url } } }';
  const request = { model: 'mnist-mlp', input: { imageId } };
  const ask = (url: string) =>
    new GraphQLClient(`${url}/graphql`).request<{ explain: { picture: { url: string } } }>(query, { request });
  const link = (await ask(first.url)).explain.picture.url;
  const socket = new WebSocket(`${first.url}/graphql`.replace('http', 'ws'), 'graphql-transport-ws');
  await new Promise((resolve) => socket.once('open', resolve));
  expect(await first.stop()).toMatchObject({ code: 0 });
  const second = await startService({ DATA_DIR });
  expect((await fetch(`${second.url}${link}`)).status).toBe(200);
  expect((await ask(second.url)).explain.picture.url).toMatch(/^\/pictures\//);
  await second.stop();
});
