import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { withService } from '../../bench/runningService.ts';
import { rgb } from './explanation.ts';
import { CELL, type Cell, drawGrid } from './grid.ts';
import { makeOwnModels } from './ownModels.ts';

const NETWORKS = ['squeezenet', 'efficientnet-lite0'];
const PHOTOGRAPHS = ['cat.jpg', 'fish-bike.jpg'];

/** The map of a photograph, with the label of what the network takes it for. */
async function heatmap(url: string, model: string, photograph: string): Promise<Cell> {
  const form = new FormData();
  form.set('image', new Blob([await readFile(photograph)]));
  form.set(
    'request',
    JSON.stringify({
      model,
      method: 'lrp',
      options: { composite: 'epsilon-plus' },
      render: { normalise: 'percentile' },
    }),
  );
  const response = await fetch(`${url}/explain`, { method: 'POST', body: form, headers: { accept: 'image/png' } });
  const label =
    decodeURIComponent(response.headers.get('x-prediction-label') ?? '')
      .split(',')[0]
      ?.replace(/^n\d+ /, '') ?? '';
  const picture = await rgb(sharp(await response.arrayBuffer()).resize(CELL, CELL));
  return { picture, caption: `${model.split('-')[0]}: ${label}` };
}

const { values } = parseArgs({ options: { data: { type: 'string' } } });
if (values.data === undefined) throw new Error('usage: npm run figures:own -- --data DIR');
const data = resolve(values.data);
const models = await mkdtemp(join(tmpdir(), 'elucid-own-'));
try {
  await makeOwnModels(NETWORKS, data, models);
  const draw = async ({ url }: { readonly url: string }) => {
    const cells: Cell[] = [];
    for (const photograph of PHOTOGRAPHS) {
      for (const model of NETWORKS) cells.push(await heatmap(url, model, join(data, 'imagenet', photograph)));
    }
    const picture = await drawGrid({ titles: [], rows: [cells] });
    await writeFile(join(import.meta.dirname, 'own-networks.png'), picture);
  };
  await withService(draw, { MODELS_DIR: models });
} finally {
  await rm(models, { recursive: true, force: true });
}
