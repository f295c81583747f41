import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { sendCurl } from '../support/curl.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(60_000);

const ROOT = join(import.meta.dirname, '../..');
const OLD = 'the-old-key-0000001';
const NEW = 'the-new-key-0000002';
const ADMIN = 'the-admin-key-00003';

let folder: string;
let apiKeys: string;
let service: RunningService;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'elucid-keys-'));
  apiKeys = join(folder, 'api');
  const adminKeys = join(folder, 'admin');
  await writeFile(apiKeys, `# of today\n${OLD}\n`);
  await writeFile(adminKeys, ADMIN);
  service = await startService({ API_KEYS_FILE: apiKeys, ADMIN_KEYS_FILE: adminKeys, ALLOW_ANONYMOUS: 'true' });
});

afterAll(async () => {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

const statusOf = async (key: string, path = '/models') =>
  (await fetch(service.url + path, { headers: { 'x-api-key': key } })).status;

/** Sends SIGHUP, and waits until the service has logged these words once more. */
async function hangUp(words: string): Promise<void> {
  const said = () => service.log.filter((line) => line.includes(words)).length;
  const before = said();
  process.kill(service.pid, 'SIGHUP');
  while (said() === before) await setTimeout(20);
}

describe('keys in files', () => {
  test('win over ALLOW_ANONYMOUS, which the log says', async () => {
    expect((await fetch(`${service.url}/models`)).status).toBe(401);
    expect(service.log.join('\n')).toContain('ALLOW_ANONYMOUS means nothing with API keys');
  });

  test('are exchanged by SIGHUP while a request runs and a connection stays open', async () => {
    expect([await statusOf(OLD), await statusOf(NEW)]).toEqual([200, 401]);
    await writeFile(apiKeys, `${OLD}\n${NEW}\n`);
    expect(await statusOf(NEW)).toBe(401);
    await hangUp('keys read again');
    expect([await statusOf(OLD), await statusOf(NEW)]).toEqual([200, 200]);
    const search = await fetch(`${service.url}/prototype`, {
      method: 'POST',
      headers: { 'x-api-key': OLD, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mnist-mlp', target: 3, steps: 20 }),
    });
    const running = fetch(`${service.url}${search.headers.get('location')}/events`, { headers: { 'x-api-key': OLD } });
    const events = await running;
    await writeFile(apiKeys, NEW);
    await hangUp('keys read again');
    expect([await statusOf(OLD), await statusOf(NEW)]).toEqual([401, 200]);
    expect(await events.text()).toContain('event: result');
    expect(await statusOf(NEW, search.headers.get('location') ?? '')).toBe(404);
  });

  test.each([
    ['short', 'has 5 characters'],
    ['', 'there is no key in it'],
  ])('that are bad (%j) leave the old ones, and the log says why', async (text, words) => {
    await writeFile(apiKeys, text);
    await hangUp(words);
    expect(await statusOf(NEW)).toBe(200);
  });

  test('that cannot be found leave the old ones', async () => {
    await rm(apiKeys);
    await hangUp('the keys stay as they were');
    expect(await statusOf(NEW)).toBe(200);
  });
});

test('every curl of docs/security.md is answered', async () => {
  const page = await readFile(join(ROOT, 'docs/security.md'), 'utf8');
  const commands = [...page.matchAll(/^curl (?:.*\\\n)*.*$/gm)].map(([command]) => command);
  expect(commands).toHaveLength(3);
  for (const command of commands) {
    const shown = command.replace('ADMIN_KEY', ADMIN).replace(/(?<= )KEY\b/, NEW);
    const answer = await sendCurl(shown, 'http://127.0.0.1:3000', service.url, ROOT);
    expect([command, answer.status]).toEqual([command, 200]);
    const bare = await sendCurl(command, 'http://127.0.0.1:3000', service.url, ROOT);
    expect([command, bare.status]).toEqual([command, 401]);
  }
});

describe('the start', () => {
  const start = (environment: Record<string, string>) =>
    new Promise<{ code: unknown; text: string }>((resolve) => {
      const server = join(ROOT, 'services/server.ts');
      const options = { env: { ...process.env, NODE_OPTIONS: '', PORT: '0', ...environment }, cwd: ROOT };
      execFile(process.execPath, ['--import', 'tsx', server], options, (error, stdout, stderr) => {
        resolve({ code: error?.code, text: stdout + stderr });
      });
    });

  test.each<[string, Record<string, string>, string]>([
    ['on an address of others without keys', { HOST: '0.0.0.0' }, 'unless there are API_KEYS or ALLOW_ANONYMOUS=true'],
    ['with a short key', { API_KEYS: 'hunter2' }, 'API_KEYS: key 1 has 7 characters'],
    [
      'without the file',
      { HOST: '0.0.0.0', API_KEYS_FILE: '/nowhere/keys' },
      'API_KEYS_FILE: received "/nowhere/keys"',
    ],
  ])('%s is refused in one line', async (_name, environment, words) => {
    const { code, text } = await start(environment);
    expect([code, text.trim().split('\n')]).toEqual([78, [expect.stringContaining(words)]]);
    expect(text).not.toContain('hunter2');
  });
});
