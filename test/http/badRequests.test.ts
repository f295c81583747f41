import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { badRequests } from '../fuzz/requests/badRequests.ts';
import { faultsOf } from '../fuzz/requests/judge.ts';
import { sendRaw } from '../fuzz/requests/rawRequest.ts';
import { validRequests } from '../fuzz/requests/validRequests.ts';
import { Contract } from './contract.ts';
import { type TestApp, testApp } from './testApp.ts';

const PICTURE = readFileSync(join(import.meta.dirname, '../../models/zoo/samples/3.png'));

let fake: TestApp;
let contract: Contract;
let port: number;

beforeAll(async () => {
  fake = await testApp();
  contract = new Contract((await fake.app.inject('/openapi.json')).json());
  port = Number(new URL(await fake.app.listen({ host: '127.0.0.1', port: 0 })).port);
});

afterAll(async () => {
  await fake.app.close();
});

test('a thousand bad requests are refused, or answered, as the document says', async () => {
  // The model of the app is another than those of the examples, and its density model is broken on purpose.
  const known = (text: string) => text.replaceAll(/mnist-(cnn|mlp|decoder)/g, 'digits').replaceAll('density', 'simple');
  const valid = validRequests(contract, PICTURE).map((request) => ({
    ...request,
    target: known(request.target),
    body: request.body.includes(0) ? request.body : Buffer.from(known(request.body.toString('utf8'))),
  }));
  const refused = new Set<number>();
  const property = fc.asyncProperty(badRequests(valid), async (request) => {
    const answer = await sendRaw(port, request);
    refused.add(answer?.status ?? 0);
    expect(faultsOf(request, answer, contract)).toEqual([]);
  });
  await fc.assert(property, { numRuns: 1000, seed: 7 });
  expect([...refused]).toEqual(expect.arrayContaining([200, 400, 403, 404, 405, 413, 415, 422, 431]));
});
