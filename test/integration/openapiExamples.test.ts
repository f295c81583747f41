import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { isFile } from '../fuzz/requests/validRequests.ts';
import { Contract, type DocumentedOperation } from '../http/contract.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const SAMPLE = readFileSync(join(import.meta.dirname, '../../models/zoo/samples/3.png'));

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly example?: unknown;
}

interface Media {
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
}

let service: RunningService;
let contract: Contract;
let endedJob = '';
let longJob = '';

beforeAll(async () => {
  service = await startService();
  contract = new Contract((await (await fetch(`${service.url}/openapi.json`)).json()) as Record<string, unknown>);
  endedJob = await submit({ model: 'mnist-cnn', target: 3, steps: 20 }, { prefer: 'wait=30' });
  longJob = await submit({ model: 'mnist-cnn', target: 'all', steps: 5000, tolerance: 0 }, {});
});

afterAll(async () => {
  await service?.stop();
});

/** Makes a job, and gives its id. */
async function submit(job: object, headers: Record<string, string>): Promise<string> {
  const answer = await send('POST', '/prototype', headers, JSON.stringify(job));
  return answer.headers['location']?.split('/').at(-1) ?? '';
}

async function send(method: string, url: string, headers: Record<string, string>, body?: string | Blob | FormData) {
  const type = typeof body === 'string' ? { 'content-type': 'application/json' } : {};
  const answer = await fetch(service.url + url, {
    method,
    headers: { ...type, ...headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: bytes };
}

/** The bodies that the examples of an operation are, by media type. */
function bodiesOf({ operation }: DocumentedOperation): (string | Blob | FormData | undefined)[] {
  const { content } = (operation['requestBody'] ?? {}) as { content?: Record<string, Media> };
  if (content === undefined) return [undefined];
  return Object.entries(content).flatMap(([type, { example, examples }]): (string | Blob | FormData)[] => {
    const values = examples === undefined ? [example] : Object.values(examples).map(({ value }) => value);
    if (type === 'application/json') return values.map((value) => JSON.stringify(value));
    if (type === 'multipart/form-data') return values.map((value) => formOf(value as Record<string, unknown>));
    // Bytes that are JSON, where an operation takes that, or else a picture.
    const json = content['application/json']?.example;
    return [new Blob([json === undefined ? new Uint8Array(SAMPLE) : JSON.stringify(json)], { type })];
  });
}

function formOf(fields: Record<string, unknown>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (isFile(value)) form.append(name, new Blob([new Uint8Array(SAMPLE)]), '3.png');
    else form.append(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return form;
}

/** A path with its parameters, query and headers as the examples say. */
function filled({ path, operation }: DocumentedOperation) {
  const job = operation['operationId'] === 'cancelJob' ? longJob : endedJob;
  const parameters = (operation['parameters'] ?? []) as Parameter[];
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  let url = path;
  for (const { name, in: place, example } of parameters) {
    if (example === undefined) continue;
    if (place === 'path') url = url.replace(`{${name}}`, encodeURIComponent(name === 'id' ? job : String(example)));
    else if (place === 'header') headers[name] = String(example);
    else if (typeof example === 'object') {
      for (const [key, value] of Object.entries(example ?? {})) query.append(key, String(value));
    } else query.append(name, String(example));
  }
  return { url: query.size === 0 ? url : `${url}?${query}`, headers };
}

/** Other jobs would wait for the long one. */
function cancellingFirst(operations: readonly DocumentedOperation[]): DocumentedOperation[] {
  const cancels = ({ operation }: DocumentedOperation) => operation['operationId'] === 'cancelJob';
  return [...operations.filter(cancels), ...operations.filter((one) => !cancels(one))];
}

/** What else than the first success an operation answers to its example. */
const OTHERS: Readonly<Record<string, readonly number[]>> = {
  createPrototype: [200, 202],
  explain: [200, 202],
  // Tokens are given by GraphQL, whose tests follow its links.
  getPicture: [404],
};

test('the examples of every operation are answered as documented', async () => {
  const faults: unknown[] = [];
  for (const [n, one] of cancellingFirst(contract.operations).entries()) {
    const { method, operation } = one;
    const id = String(operation['operationId']);
    const success = Object.keys(operation['responses'] as object).find((status) => status.startsWith('2'));
    const allowed = OTHERS[id] ?? [Number(success)];
    const { url, headers } = filled(one);
    const bodies = bodiesOf(one);
    expect({ id, bodies: bodies.length }).not.toEqual({ id, bodies: 0 });
    for (const [i, body] of bodies.entries()) {
      const own = 'idempotency-key' in headers ? { ...headers, 'idempotency-key': `example-${n}-${i}` } : headers;
      const answer = await send(method.toUpperCase(), url, own, body);
      const undocumented = contract.faults({ ...answer, method: method.toUpperCase(), url });
      if (!allowed.includes(answer.status) || undocumented.length > 0) {
        faults.push({ id, status: answer.status, undocumented, body: answer.body.toString('utf8').slice(0, 300) });
      }
    }
  }
  expect(faults).toEqual([]);
});
