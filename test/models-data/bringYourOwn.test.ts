import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import { makeOwnModels } from '../../docs/figures/ownModels.ts';
import { type RunningService, startService } from '../integration/runningService.ts';
import { sendCurl } from '../support/curl.ts';
import { dataFile } from './onnxModel.ts';

jest.setTimeout(120_000);

const NETWORKS = ['squeezenet', 'efficientnet-lite0'] as const;
const PAGE = readFileSync(join(import.meta.dirname, '../../docs/bring-your-own.md'), 'utf8');
const COMMANDS = [...PAGE.matchAll(/^curl (?:.*\\\n)*.*$/gm)].map(([command]) => command);

let models: string;
let service: RunningService;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'elucid-own-'));
  await makeOwnModels(NETWORKS, dataFile(), models);
  service = await startService({ MODELS_DIR: models });
});

afterAll(async () => {
  await service?.stop();
  await rm(models, { recursive: true, force: true });
});

test.each(NETWORKS)('the commands for %s draw what it sees in a photograph', async (name) => {
  const command = COMMANDS.find((text) => text.includes(`model=${name} `));
  const response = await sendCurl(command ?? '', 'http://127.0.0.1:3000', service.url, dataFile('imagenet'));
  expect(response.status).toBe(200);
  expect(decodeURIComponent(response.headers.get('x-prediction-label') ?? '')).toMatch(/tricycle/);
  const picture = sharp(Buffer.from(await response.arrayBuffer()));
  expect(await picture.metadata()).toMatchObject({ format: 'png', width: 224, height: 224 });
  const { channels } = await picture.stats();
  expect(channels[0]?.max).toBe(255);
  expect(channels[0]?.mean).toBeLessThan(64);
});
