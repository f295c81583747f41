import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RELOADED, type TestApp, testApp } from './testApp.ts';

let fake: TestApp;
beforeAll(async () => {
  fake = await testApp({ TRUST_PROXY: true });
});
afterAll(async () => {
  await fake.app.close();
});

const reload = (headers: Record<string, string> = {}, remoteAddress = '127.0.0.1') =>
  fake.app.inject({ method: 'POST', url: '/admin/models/reload', headers, remoteAddress });

describe('reading the models again', () => {
  test('tells what has changed', async () => {
    const answer = await reload();
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual(RELOADED);
  });

  test.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('is allowed from %s', async (address) => {
    expect((await reload({}, address)).statusCode).toBe(200);
  });

  test.each(['10.0.0.1', '::ffff:172.17.0.1', '2001:db8::1', '128.0.0.1'])('is forbidden from %s', async (address) => {
    const answer = await reload({}, address);
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'forbidden', detail: expect.stringContaining(address) });
  });

  test.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
    'is forbidden through a proxy (%s), whatever it says',
    async (header) => {
      expect((await reload({ [header]: '127.0.0.1' })).statusCode).toBe(403);
    },
  );

  test.each([
    ['http://localhost:3000', 200],
    ['http://127.0.0.1:3000', 200],
    ['http://[::1]:3000', 200],
    ['https://example.org', 403],
    ['http://localhost.example.org', 403],
    ['null', 403],
  ])('from a page of %s is answered %i', async (origin, status) => {
    expect((await reload({ origin })).statusCode).toBe(status);
  });

  test('GET is not allowed', async () => {
    const answer = await fake.app.inject('/admin/models/reload');
    expect(answer.statusCode).toBe(405);
    expect(answer.headers['allow']).toBe('POST, OPTIONS');
  });
});
