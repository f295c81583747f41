import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import { decodeNpy } from '../../models/tensors/npy.ts';
import { jobSchema } from '../../schemas/jobs.ts';
import { prototypesSchema } from '../../schemas/prototypes.ts';
import { sendCurl } from '../support/curl.ts';
import { allEvents } from '../support/eventSource.ts';
import { type RunningService, startService } from './runningService.ts';

jest.setTimeout(120_000);

const ROOT = join(import.meta.dirname, '../..');
const ADDRESS = 'http://127.0.0.1:3000';
const PAGE = readFileSync(join(ROOT, 'docs/prototypes.md'), 'utf8');
const COMMANDS = [...PAGE.matchAll(/^curl (?:.*\\\n)*.*$/gm)].map(([command]) => command);

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service?.stop();
});

/** The example with this in it, sent to the running service. */
async function send(part: string, job = ''): Promise<Response> {
  const command = COMMANDS.find((text) => text.includes(part));
  if (command === undefined) throw new Error(`docs/prototypes.md has no example with ${part}`);
  return sendCurl(command.replace('JOB', job), ADDRESS, service.url, ROOT);
}

const picture = async (answer: Response) => {
  expect(answer.status).toBe(200);
  return sharp(Buffer.from(await answer.arrayBuffer()), { animated: true }).metadata();
};

test('the page has as many examples as are tried here', () => {
  expect(COMMANDS).toHaveLength(7);
});

test('ten digits are a sheet', async () => {
  const { format, width = 0 } = await picture(await send('digits.png'));
  expect([format, width > 3 * 224]).toEqual(['png', true]);
});

test('a job tells of itself, and has its result in several forms', async () => {
  const accepted = await send('"variant":"generator"');
  const { id } = jobSchema.parse(await accepted.json());
  expect([accepted.status, accepted.headers.get('location')]).toEqual([202, `/jobs/${id}`]);
  const events = await allEvents(await send('/events', id));
  expect(events.at(-1)?.type).toBe('result');
  const found = prototypesSchema.parse(await (await send('-s http://127.0.0.1:3000/jobs/JOB/result', id)).json());
  expect(found.id).toBe(id);
  expect(found.prototypes[0]?.trajectory?.length).toBeGreaterThan(20);
  const npy = await send('three.npy', id);
  expect(decodeNpy(new Uint8Array(await npy.arrayBuffer())).shape).toEqual([1, 1, 28, 28]);
});

test('a search moves', async () => {
  const { format, pages } = await picture(await send('five.webp'));
  expect([format, (pages ?? 1) > 10]).toEqual(['webp', true]);
});

test('a channel has several prototypes', async () => {
  const answer = await send('"layer":"conv2"');
  const { prototypes } = prototypesSchema.parse(await answer.json());
  expect(prototypes.map(({ copy, target }) => [copy, target.unit?.channel])).toEqual(
    [0, 1, 2, 3].map((copy) => [copy, 4]),
  );
});
