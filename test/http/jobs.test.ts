import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { z } from 'zod';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { ElucidError } from '../../schemas/errors.ts';
import { explanationSchema } from '../../schemas/explanation.ts';
import { jobListSchema, jobSchema } from '../../schemas/jobs.ts';
import type { Explanation } from '../../services/compute/explanation.ts';
import { eventStream } from '../../services/http/jobs/eventStream.ts';
import type { JobEvent } from '../../services/jobs/store.ts';
import { allEvents, receivedEvents } from '../support/eventSource.ts';
import { fakeExplanation } from './fakeService.ts';
import { type TestApp, testApp } from './testApp.ts';

const DIGIT = { shape: [1, 28, 28], data: Array.from({ length: 784 }, (_, i) => (i % 2) / 2) };
const BODY = { model: 'digits', input: { tensor: DIGIT } };
const MAP = { render: { size: 'input' } };

let fake: TestApp;
let url: string;
/** Explanations that wait for a test. */
let waiting: { finish: () => void; fail: (error: unknown) => void; signal: AbortSignal }[] = [];

beforeAll(async () => {
  fake = await testApp();
  url = await fake.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  for (const { finish } of waiting) finish();
  await fake.app.close();
  await fake.jobs.close();
});
beforeEach(() => {
  fake.service.instead = null;
});

/** From now on explanations wait. */
function holdExplanations(): void {
  waiting = [];
  fake.service.instead = (command, signal) =>
    new Promise<Explanation>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new ElucidError('gone', 'aborted')));
      waiting.push({ finish: () => resolve(fakeExplanation(command)), fail: reject, signal });
    });
}

async function begun(): Promise<(typeof waiting)[number]> {
  for (;;) {
    const [first] = waiting;
    if (first !== undefined) return first;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const submit = (headers: Record<string, string> = {}, body: object = BODY) =>
  fetch(`${url}/explain`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'respond-async', ...headers },
    body: JSON.stringify(body),
  });
const jsonOf = async (answer: Response): Promise<Record<string, unknown>> =>
  z.looseObject({}).parse(await answer.json());
const get = (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers });
const cancel = (location: string) => fetch(url + location, { method: 'DELETE' });

async function submitted(headers: Record<string, string> = {}, body: object = BODY): Promise<string> {
  const answer = await submit(headers, body);
  expect(answer.status).toBe(202);
  return answer.headers.get('location') ?? '';
}

/** Waits for the end of a job by its events. */
async function ended(location: string): Promise<string | undefined> {
  return (await allEvents(await get(`${location}/events`))).at(-1)?.type;
}

describe('POST /explain with Prefer: respond-async', () => {
  test('is a job, whose result is the explanation in every representation', async () => {
    const answer = await submit({ accept: 'image/png' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    expect(answer.headers.get('retry-after')).toBe('1');
    const job = jobSchema.parse(await answer.json());
    const location = answer.headers.get('location') ?? '';
    expect(location).toBe(`/jobs/${job.id}`);
    expect(job).toMatchObject({ kind: 'explanation', state: 'queued' });
    expect(await ended(location)).toBe('result');
    expect(jobSchema.parse(await (await get(location)).json()).state).toBe('succeeded');

    const sent = await submit({ prefer: '' }, { ...BODY, include: ['relevance', 'layers'] });
    const direct = explanationSchema.parse(await sent.json());
    const included = await submitted({}, { ...BODY, include: ['relevance', 'layers'] });
    await ended(included);
    const json = await get(`${included}/result`);
    expect(json.headers.get('content-type')).toContain('application/json');
    expect(await json.json()).toEqual({
      ...direct,
      id: included.slice('/jobs/'.length),
      model: { ...direct.model, version: '2' },
      timing_ms: { ...direct.timing_ms, render: expect.any(Number), total: expect.any(Number) },
    });

    const npy = await get(`${location}/result`, { accept: 'application/x-npy' });
    expect(npy.headers.get('x-prediction')).toBe('0');
    const { shape, data } = decodeNpy(new Uint8Array(await npy.arrayBuffer()));
    expect([shape, data[3]]).toEqual([[1, 28, 28], expect.closeTo(0.003)]);

    const png = await get(`${location}/result`, { accept: 'image/png' });
    expect(png.headers.get('content-type')).toBe('image/png');
    expect(await sharp(Buffer.from(await png.arrayBuffer())).metadata()).toMatchObject({ format: 'png', width: 224 });
    const mixed = await get(`${location}/result`, { accept: 'multipart/mixed' });
    expect(await mixed.text()).toContain('"engine":"fake/cpu"');
    expect((await get(`${location}/result`, { accept: 'text/html' })).status).toBe(406);
  });

  test('an image that came in a form is what the job sees, with its picture for an overlay', async () => {
    const form = new FormData();
    form.set('model', 'digits');
    form.set('render', JSON.stringify({ mode: 'side-by-side', size: 'input' }));
    form.set('image', new Blob([Buffer.from('not decoded here')]), 'digit.png');
    const answer = await fetch(`${url}/explain`, { method: 'POST', headers: { prefer: 'respond-async' }, body: form });
    const location = answer.headers.get('location') ?? '';
    expect(await ended(location)).toBe('result');
    const command = fake.service.commands.at(-1);
    expect(command).toMatchObject({ input: { kind: 'image' }, picture: true });
    expect(command?.input.kind === 'image' && Buffer.from(command.input.bytes).toString()).toBe('not decoded here');
    const png = await get(`${location}/result`, { accept: 'image/png' });
    const { width = 0, height = 0 } = await sharp(Buffer.from(await png.arrayBuffer())).metadata();
    expect(width).toBeGreaterThanOrEqual(2 * height);
  });

  test.each([
    [{ ...BODY, model: 'none' }, 404, 'unknown-model'],
    [{ ...BODY, method: 'magic' }, 422, 'invalid'],
    [{ ...BODY, input: { tensor: { shape: [3], data: [1, 2, 3] } } }, 422, 'invalid'],
  ])('a request that is refused at once is no job: %#', async (body, status, code) => {
    const before = jobListSchema.parse(await (await get('/jobs')).json()).jobs.length;
    const answer = await submit({}, body);
    expect([answer.status, (await jsonOf(answer)).code]).toEqual([status, code]);
    expect(jobListSchema.parse(await (await get('/jobs')).json()).jobs).toHaveLength(before);
  });

  test('a failed job has its problem for a result', async () => {
    fake.service.instead = async () => {
      throw new ElucidError('not-applicable', 'no rule for gate', [{ pointer: '/method', detail: 'no rule for gate' }]);
    };
    const location = await submitted();
    expect(await ended(location)).toBe('error');
    const job = await (await get(location)).json();
    expect(job).toMatchObject({ state: 'failed', error: { code: 'not-applicable', detail: 'no rule for gate' } });
    const result = await get(`${location}/result`);
    expect(result.headers.get('content-type')).toContain('application/problem+json');
    expect([result.status, await result.json()]).toEqual([
      422,
      expect.objectContaining({ code: 'not-applicable', errors: [{ pointer: '/method', detail: 'no rule for gate' }] }),
    ]);
  });

  test('waits in the job when the queue of explanations is full', async () => {
    let tries = 0;
    fake.service.instead = async (command) => {
      tries += 1;
      if (tries === 1) throw new ElucidError('queue-full', 'later');
      return fakeExplanation(command);
    };
    const location = await submitted();
    expect(await ended(location)).toBe('result');
    expect(tries).toBe(2);
  });
});

describe('Prefer: wait', () => {
  test('answers the result itself when it is there in time', async () => {
    const answer = await submit({ prefer: 'respond-async, wait=30', accept: 'image/png' }, { ...BODY, ...MAP });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(answer.headers.get('preference-applied')).toBe('respond-async, wait=30');
    expect(answer.headers.get('location')).toMatch(/^\/jobs\//);
    const { width } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
    expect(width).toBe(28);
  });

  test('answers the job when it is not, and what it failed with when it failed', async () => {
    holdExplanations();
    const answer = await submit({ prefer: 'respond-async, wait=0' });
    expect(answer.status).toBe(202);
    const failing = (await begun()).fail;
    const second = submit({ prefer: 'wait=30, respond-async', 'idempotency-key': 'waits' });
    fake.service.instead = async () => {
      throw new ElucidError('out-of-box', 'pixel 3 leaves the box');
    };
    failing(new ElucidError('invalid', 'no'));
    expect((await second).status).toBe(422);
  });

  test('is bounded', async () => {
    const answer = await submit({ prefer: 'respond-async, wait=100000' });
    expect(answer.headers.get('preference-applied')).toBe('respond-async, wait=60');
  });

  test('alone does not make an explanation a job', async () => {
    const answer = await submit({ prefer: 'wait=10' });
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null]);
  });
});

describe('Idempotency-Key', () => {
  test('the same key and request give the same job; another request is refused', async () => {
    holdExplanations();
    const key = { 'idempotency-key': 'order 66' };
    const first = await submitted(key);
    expect(await submitted(key)).toBe(first);
    const other = await submit(key, { ...BODY, method: 'gradient' });
    expect([other.status, (await jsonOf(other)).code]).toEqual([422, 'idempotency-conflict']);
    (await begun()).finish();
    await ended(first);
    const again = await submit(key);
    expect([again.status, again.headers.get('location')]).toEqual([202, first]);
    expect(again.headers.get('retry-after')).toBeNull();
    expect(await again.json()).toMatchObject({ state: 'succeeded' });
  });

  test('a form, and defaults that are written out, are the same request', async () => {
    const key = { 'idempotency-key': 'form' };
    const image = Buffer.from('not decoded here');
    const location = await submitted(key, { model: 'digits', input: { image: image.toString('base64') } });
    const form = new FormData();
    for (const [name, value] of Object.entries({ model: 'digits', version: '2', target: 'predicted', include: '[]' })) {
      form.set(name, value);
    }
    form.set('image', new Blob([image]), 'digit.png');
    const headers = { prefer: 'respond-async', ...key };
    const again = await fetch(`${url}/explain`, { method: 'POST', headers, body: form });
    expect([again.status, again.headers.get('location')]).toEqual([202, location]);
  });

  test.each([['x'.repeat(256)], ['Straße']])('a bad key is refused: %#', async (key) => {
    const answer = await submit({ 'idempotency-key': key });
    expect([answer.status, (await jsonOf(answer)).code]).toEqual([422, 'invalid']);
  });
});

describe('a job that is queued or running', () => {
  test('has no result yet, and can be cancelled once', async () => {
    holdExplanations();
    const running = await submitted();
    const { signal } = await begun();
    const queued = await submitted();
    for (const location of [running, queued]) {
      const result = await get(`${location}/result`);
      expect([result.status, (await jsonOf(result)).code]).toEqual([409, 'not-finished']);
    }
    for (const location of [queued, running]) {
      const cancelled = await cancel(location);
      expect([cancelled.status, (await jsonOf(cancelled)).state]).toEqual([202, 'cancelled']);
      const again = await cancel(location);
      expect([again.status, (await jsonOf(again)).code]).toEqual([409, 'already-ended']);
      const result = await get(`${location}/result`);
      expect([result.status, (await jsonOf(result)).code]).toEqual([409, 'cancelled']);
      expect(await ended(location)).toBe('cancelled');
    }
    expect(signal.aborted).toBe(true);
  });

  test('one too many is refused with a time to come back', async () => {
    holdExplanations();
    const locations = [await submitted()];
    await begun();
    for (let n = 0; n < 4; n += 1) locations.push(await submitted());
    const refused = await submit();
    expect([refused.status, (await jsonOf(refused)).code]).toEqual([503, 'queue-full']);
    expect(refused.headers.get('retry-after')).toBe('1');
    const listed = jobListSchema.parse(await (await get('/jobs?state=queued')).json());
    expect(listed.jobs.map(({ id }) => `/jobs/${id}`)).toEqual(locations.slice(1).reverse());
    for (const location of locations) await cancel(location);
  });

  test('an unknown one is unknown everywhere', async () => {
    const answers = [get('/jobs/none'), get('/jobs/none/events'), get('/jobs/none/result'), cancel('/jobs/none')];
    for (const answer of await Promise.all(answers)) {
      expect([answer.status, (await jsonOf(answer)).code]).toEqual([404, 'unknown-job']);
    }
  });

  test.each(['state=lost', 'limit=0', 'limit=201', 'limit=x', 'page=2'])('GET /jobs?%s is refused', async (query) => {
    expect((await get(`/jobs?${query}`)).status).toBe(422);
  });

  test('are listed page by page', async () => {
    const all = jobListSchema.parse(await (await get('/jobs?limit=200')).json());
    const pages: string[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const cursor: string = next === '' ? '' : `&cursor=${next}`;
      const page = jobListSchema.parse(await (await get(`/jobs?limit=3${cursor}`)).json());
      pages.push(...page.jobs.map(({ id }) => id));
      next = page.next;
    }
    expect(pages).toEqual(all.jobs.map(({ id }) => id));
    expect(pages.length).toBeGreaterThan(6);
  });
});

describe('GET /jobs/{id}/events', () => {
  test('tells the story of a job, and at its end where the result is', async () => {
    const location = await submitted();
    const answer = await get(`${location}/events`, { accept: 'text/event-stream' });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('cache-control')).toBe('no-cache, no-transform');
    const events = await allEvents(answer);
    expect(events.map(({ id, type }) => [id, type])).toEqual([
      ['1', 'queued'],
      ['2', 'running'],
      ['3', 'result'],
    ]);
    expect(events[2]?.data).toMatchObject({ state: 'succeeded', result: `${location}/result` });
    expect((await get(String(events[2]?.data['result']))).status).toBe(200);
  });

  test('goes on after Last-Event-ID; 204 when all was seen', async () => {
    const location = await submitted();
    await ended(location);
    const idsOf = async (answer: Response) => (await allEvents(answer)).map(({ id }) => id);
    expect(await idsOf(await get(`${location}/events`, { 'last-event-id': '1' }))).toEqual(['2', '3']);
    expect(await idsOf(await get(`${location}/events?last_event_id=2`))).toEqual(['3']);
    expect(await idsOf(await get(`${location}/events`, { 'last-event-id': '77' }))).toEqual(['1', '2', '3']);
    const over = await get(`${location}/events`, { 'last-event-id': '3' });
    expect([over.status, await over.text()]).toEqual([204, '']);
    expect((await get(`${location}/events`, { 'last-event-id': 'x' })).status).toBe(422);
    expect((await get(`${location}/events`, { accept: 'application/json' })).status).toBe(406);
  });

  test('HEAD has the headers and ends', async () => {
    holdExplanations();
    const location = await submitted();
    const answer = await fetch(`${url}${location}/events`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    await cancel(location);
  });

  test('a client that leaves frees everything, and may come back', async () => {
    holdExplanations();
    const location = await submitted();
    await begun();
    const leave = new AbortController();
    const answer = await fetch(`${url}${location}/events`, { signal: leave.signal });
    const events = receivedEvents(answer);
    expect((await events.next()).value?.type).toBe('queued');
    leave.abort();
    await expect(events.next().then(() => events.next())).rejects.toThrow('abort');
    const back = await get(`${location}/events`, { 'last-event-id': '2' });
    waiting[0]?.finish();
    expect((await allEvents(back)).map(({ id, type }) => [id, type])).toEqual([['3', 'result']]);
  });

  test('a client that vanishes in the middle leaves nothing behind', async () => {
    holdExplanations();
    const location = await submitted();
    await begun();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`GET ${location}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.resetAndDestroy();
    waiting[0]?.finish();
    expect(await ended(location)).toBe('result');
  });
});

describe('the text of an event stream', () => {
  const event: JobEvent = { number: 1, type: 'running', data: { text: 'two\nlines' } };

  async function* never(first: JobEvent | null, left: { value: boolean }): AsyncGenerator<JobEvent, void, void> {
    try {
      if (first !== null) yield first;
      await new Promise<void>((resolve) => setTimeout(resolve, 60));
    } finally {
      left.value = true;
    }
  }

  test('has heartbeats in silence, one line of data per event, and a shutdown without a number', async () => {
    const left = { value: false };
    const texts: string[] = [];
    for await (const text of eventStream(never(event, left), { heartbeatMs: 10, stopping: () => true }))
      texts.push(text);
    expect(texts[0]).toBe('retry: 2000\n\n');
    expect(texts[1]).toBe('id: 1\nevent: running\ndata: {"text":"two\\nlines"}\n\n');
    expect(texts[2]).toMatch(/^: .*\n\n$/);
    expect(texts.at(-1)).toMatch(/^event: shutdown\ndata: {.*}\n\n$/);
    expect(left.value).toBe(true);
  });

  test('is not made faster than it is read', async () => {
    let made = 0;
    async function* many(): AsyncGenerator<JobEvent, void, void> {
      for (;;) {
        made += 1;
        yield { ...event, number: made };
      }
    }
    const text = eventStream(many(), { heartbeatMs: 1000, stopping: () => false });
    for (let read = 0; read < 5; read += 1) await text.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(made).toBeLessThanOrEqual(6);
    await text.return();
  });
});

test('the stop of the service ends streams with a shutdown and waits with the job', async () => {
  const own = await testApp();
  const address = await own.app.listen({ host: '127.0.0.1', port: 0 });
  own.service.instead = () => new Promise(() => {});
  const post = (prefer: string) =>
    fetch(`${address}/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer },
      body: JSON.stringify(BODY),
    });
  const location = (await post('respond-async')).headers.get('location');
  const events = receivedEvents(await fetch(`${address}${location}/events`));
  const first = await events.next();
  const waits = post('respond-async, wait=60');
  while ((await own.jobs.list({ owner: null, limit: 9 })).jobs.length < 2) await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const closed = own.app.close();
  const rest: string[] = [];
  for await (const { type, id } of events) rest.push(`${type} ${id}`);
  expect([first.value?.type, rest.at(-1)]).toEqual(['queued', 'shutdown null']);
  expect((await waits).status).toBe(202);
  await closed;
  await own.jobs.close();
});
