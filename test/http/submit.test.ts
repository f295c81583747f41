import { expect, test } from '@jest/globals';
import fastify from 'fastify';
import { OpenStreams } from '../../services/http/jobs/openStreams.ts';
import { submitJob } from '../../services/http/jobs/submit.ts';
import { identifyPrincipals } from '../../services/http/plugins/principal.ts';
import { stage } from '../jobs/stage.ts';

test('who cannot wait leaves no job that nobody was told of', async () => {
  const { jobs } = await stage();
  const streams = new OpenStreams();
  streams.close();
  const app = fastify();
  identifyPrincipals(app);
  const work = { kind: 'prototype', request: {}, respondAsync: false } as const;
  app.post('/', (request, reply) => submitJob(request, reply, { jobs, presenters: {}, streams }, work));
  const refused = await app.inject({ method: 'POST', url: '/', headers: { prefer: 'wait=1' } });
  expect(refused.json().code).toBe('stopping');
  expect((await jobs.list({ owner: null, limit: 9 })).jobs).toEqual([]);
  const answered = await app.inject({ method: 'POST', url: '/' });
  expect([answered.statusCode, (await jobs.list({ owner: null, limit: 9 })).jobs.length]).toEqual([202, 1]);
  await app.close();
  await jobs.close();
});
