import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { type TestApp, testApp } from '../http/testApp.ts';

/**
 * Where we differ from what the specification recommends, never from what it demands: a document that cannot be run is
 * answered 400 in both media types. (It recommends 200 for application/json, for the sake of old clients.)
 */
const DIFFERENT: Readonly<Record<string, RegExp>> = {
  '572B': /parsing failure when accepting application\/json/,
  FDE2: /validation failure when accepting application\/json/,
  '7B9B': /variable coercion failure when accepting application\/json/,
};

let fake: TestApp;
let url: string;

beforeAll(async () => {
  fake = await testApp();
  url = `${await fake.app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
});
afterAll(async () => {
  await fake.app.close();
  await fake.jobs.close();
});

/** As a client that is no web page of another origin. */
const fetchFn = (address: string, init: RequestInit = {}) => {
  const headers = new Headers(init.headers);
  if (init.method !== 'POST') headers.set('graphql-require-preflight', 'true');
  return fetch(address, { ...init, headers });
};

const audits = serverAudits({ url: () => url, fetchFn });

test('the audit has what it had', () => {
  expect(audits.length).toBeGreaterThan(60);
  expect(audits.filter(({ id }) => id in DIFFERENT)).toHaveLength(3);
});

test.each(audits.map((audit) => [`${audit.id} ${audit.name}`, audit] as const))('%s', async (name, audit) => {
  const result = await audit.fn();
  const difference = DIFFERENT[audit.id];
  if (difference === undefined) expect(result.status === 'ok' ? 'ok' : result.reason).toBe('ok');
  else expect([name, result.status]).toEqual([expect.stringMatching(difference), 'warn']);
});
