import { afterEach, describe, expect, test } from '@jest/globals';
import { type TestApp, testApp } from './testApp.ts';

const BODY = { model: 'table', input: { tensor: { shape: [4], data: [0, 1, 2, 3] } } };
const KEYS = { API_KEYS: 'key-of-alice-0001' };
const ALICE = { authorization: 'Bearer key-of-alice-0001' };

const apps: TestApp[] = [];
afterEach(async () => {
  for (const { app, jobs } of apps.splice(0)) {
    await app.close();
    await jobs.close();
  }
});

async function app(config: Parameters<typeof testApp>[0] = {}, keys = {}) {
  const made = await testApp({ ALLOWED_HOSTS: [], ...config }, null, keys);
  apps.push(made);
  return made.app;
}

describe('a name that a foreign page led to this address (DNS rebinding)', () => {
  const status = async (host: string, config = {}, keys = {}, headers = {}) =>
    (await (await app(config, keys)).inject({ url: '/health/live', headers: { ...headers, host } })).statusCode;

  test.each([
    'localhost',
    'localhost:3000',
    'LOCALHOST:80',
    'dashboard.localhost:3000',
    '127.0.0.1:3000',
    '192.168.1.5',
    '[::1]:3000',
    '[::1]',
  ])('%s is no such name', async (host) => {
    expect(await status(host)).toBe(200);
  });

  test.each(['evil.example', 'evil.example:3000', 'localhost.evil.example', '127.0.0.1.evil.example', 'elucid'])(
    '%j is answered 421',
    async (host) => {
      const answer = await (await app()).inject({ url: '/models', headers: { host } });
      expect([answer.statusCode, answer.json()]).toEqual([421, expect.objectContaining({ code: 'misdirected' })]);
      expect(answer.json().detail).toContain('ALLOWED_HOSTS');
    },
  );

  test('names that are allowed are served, and any with *; a page of others has no key', async () => {
    expect(await status('elucid:3000', { ALLOWED_HOSTS: ['elucid'] })).toBe(200);
    expect(await status('other:3000', { ALLOWED_HOSTS: ['elucid'] })).toBe(421);
    expect(await status('evil.example', { ALLOWED_HOSTS: ['*'] })).toBe(200);
    expect(await status('service.example', {}, KEYS, ALICE)).toBe(200);
  });
});

describe('a foreign page that does more than read (CSRF)', () => {
  const post = async (origin: string, config = {}, headers = {}, url = '/explain') =>
    (await app(config)).inject({ method: 'POST', url, payload: BODY, headers: { origin, ...headers } });

  test.each(['https://evil.example', 'null', 'http://localhost.evil.example', 'nonsense'])(
    'of %s is refused before anything is computed',
    async (origin) => {
      const answer = await post(origin);
      expect([answer.statusCode, answer.json().code]).toEqual([403, 'forbidden']);
      expect(apps[0]?.service.commands).toEqual([]);
    },
  );

  test.each(['/predictions/digits', '/v2/models/table/infer', '/v1/models/table:predict', '/prototype'])(
    'is refused at %s, too',
    async (url) => {
      expect((await post('https://evil.example', {}, { 'content-type': 'text/plain' }, url)).statusCode).toBe(403);
    },
  );

  test('the service’s own pages, and those that CORS_ORIGINS names, are served', async () => {
    expect((await post('http://localhost:3000')).statusCode).toBe(200);
    expect((await post('http://192.168.1.5:3000', {}, { host: '192.168.1.5:3000' })).statusCode).toBe(200);
    expect((await post('https://good.example', { CORS_ORIGINS: ['https://good.example'] })).statusCode).toBe(200);
    expect((await post('https://any.example', { CORS_ORIGINS: ['*'] })).statusCode).toBe(200);
  });

  test('behind a trusted proxy the name is the one that browsers see', async () => {
    const headers = { host: '127.0.0.1:3000', 'x-forwarded-host': 'elucid.example' };
    expect((await post('https://elucid.example', { TRUST_PROXY: true }, headers)).statusCode).toBe(200);
    expect((await post('https://elucid.example', {}, headers)).statusCode).toBe(403);
  });

  test('a key is sent by nobody’s browser alone: with keys the key counts', async () => {
    const keyed = await app({}, KEYS);
    const from = { method: 'POST', url: '/explain', payload: BODY } as const;
    const origin = 'https://evil.example';
    expect((await keyed.inject({ ...from, headers: { origin, cookie: 'key=key-of-alice-0001' } })).statusCode).toBe(
      401,
    );
    expect((await keyed.inject({ ...from, headers: { origin, ...ALICE } })).statusCode).toBe(200);
  });
});

describe('CORS', () => {
  const origin = 'https://good.example';
  const preflight = {
    method: 'OPTIONS',
    url: '/explain',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-api-key' },
  } as const;
  const corsHeaders = (answer: { headers: object }) =>
    Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));

  test('is off unless origins are named', async () => {
    const plain = await app();
    const answer = await plain.inject({ url: '/models', headers: { origin } });
    expect(corsHeaders(answer)).toEqual([]);
    expect(corsHeaders(await plain.inject(preflight))).toEqual([]);
  });

  test('names the origin that asks, if it is one of them, and never allows cookies', async () => {
    const cors = await app({ CORS_ORIGINS: [origin, 'https://other.example'] }, KEYS);
    const asked = await cors.inject(preflight);
    expect([asked.statusCode, asked.headers]).toEqual([
      204,
      expect.objectContaining({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
        'access-control-allow-headers': 'x-api-key',
      }),
    ]);
    const answer = await cors.inject({ url: '/models', headers: { origin, ...ALICE } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    expect(answer.headers['access-control-expose-headers']).toContain('RateLimit-Remaining');
    expect(answer.headers['vary']).toContain('Origin');
    expect(answer.headers['cross-origin-resource-policy']).toBe('cross-origin');
    const stranger = await cors.inject({ url: '/models', headers: { origin: 'https://evil.example', ...ALICE } });
    expect(stranger.headers['access-control-allow-origin']).toBeUndefined();
    for (const got of [asked, answer, stranger])
      expect(got.headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('lets a page read why it was refused', async () => {
    const cors = await app({ CORS_ORIGINS: ['*'] }, KEYS);
    const refused = await cors.inject({ url: '/models', headers: { origin } });
    expect([refused.statusCode, refused.headers['access-control-allow-origin']]).toEqual([401, '*']);
  });

  test('OPTIONS without a page still names the methods', async () => {
    const cors = await app({ CORS_ORIGINS: ['*'] });
    const answer = await cors.inject({ method: 'OPTIONS', url: '/explain' });
    expect([answer.statusCode, answer.headers['allow']]).toEqual([204, 'POST, OPTIONS']);
    expect((await cors.inject({ method: 'OPTIONS', url: '/nothing' })).statusCode).toBe(404);
  });
});

describe('headers for browsers', () => {
  test('an answer is data: nothing in it runs, loads or is guessed', async () => {
    const plain = await app();
    for (const url of ['/models', '/nothing', '/openapi.json']) {
      const { headers } = await plain.inject(url);
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none';base-uri 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers).not.toHaveProperty('strict-transport-security');
    }
  });

  test('the page at /docs loads all that it is made of from here, as its policy says', async () => {
    const plain = await app();
    const page = await plain.inject('/docs/');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain('upgrade-insecure-requests');
    // Scripts in the page itself would need 'unsafe-inline'.
    const scripts = [...page.body.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)];
    expect(scripts.length).toBeGreaterThan(1);
    expect(scripts.filter(([, , inline]) => inline?.trim() !== '')).toEqual([]);
    const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(
      ([, path]) => new URL(path ?? '', 'http://x/docs/'),
    );
    expect(parts.length).toBeGreaterThan(4);
    for (const { origin, pathname } of parts) {
      const part = await plain.inject(pathname);
      expect([origin, pathname, part.statusCode]).toEqual(['http://x', pathname, 200]);
      const type = pathname.endsWith('.js') ? 'javascript' : pathname.endsWith('.css') ? 'text/css' : 'image/';
      expect(part.headers['content-type']).toContain(type);
    }
    // What the script asks for.
    expect((await plain.inject('/docs/json')).json().openapi).toBe('3.1.0');
  });
});
