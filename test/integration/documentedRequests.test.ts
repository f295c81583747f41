import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Contract } from '../http/contract.ts';
import { sendCurl } from '../support/curl.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const ROOT = join(import.meta.dirname, '../..');
const ADDRESS = 'http://127.0.0.1:3000';
const PAGES = ['README.md', 'docs/api.md'];

/** Examples of networks that are not shipped. */
const NOT_SHIPPED = /model=squeezenet /;

const commands = PAGES.flatMap((page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const found = [...text.matchAll(/^curl (?:.*\\\n)*.*$/gm)].map(([command]) => command);
  return found.filter((command) => !NOT_SHIPPED.test(command)).map((command) => [page, command] as const);
});

let service: RunningService;
let contract: Contract;

beforeAll(async () => {
  service = await startService();
  contract = new Contract((await (await fetch(`${service.url}/openapi.json`)).json()) as Record<string, unknown>);
});

afterAll(async () => {
  await service?.stop();
});

test('every page has examples', () => {
  expect(PAGES.filter((page) => !commands.some(([of]) => of === page))).toEqual([]);
});

test.each(commands)('%s: %s', async (_page, command) => {
  const answer = await sendCurl(command, ADDRESS, service.url, ROOT);
  const body = Buffer.from(await answer.arrayBuffer());
  const path = answer.url.replace(service.url, '');
  const operation = contract.operations.find((one) => one.path === path.split('?', 1)[0]);
  const method = operation?.method.toUpperCase() ?? 'GET';
  const headers = Object.fromEntries(answer.headers);
  expect(answer.ok ? '' : body.toString('utf8')).toBe('');
  expect(contract.faults({ method, url: path, status: answer.status, headers, body })).toEqual([]);
});
