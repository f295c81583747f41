import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestSchema } from '../schemas/manifest.ts';
import { costOf } from './cost.ts';

/** How a quality that a manifest states is written. */
const QUALITIES: Readonly<Record<string, (value: number) => string>> = {
  test_accuracy: (share) => `${(100 * share).toFixed(2)} % right`,
  test_log_pseudo_likelihood: (nats) => `log pseudo-likelihood ${nats.toFixed(1)} nats`,
  test_squared_error: (error) => `squared error ${error.toFixed(4)} per pixel`,
  test_area_under_curve: (area) => `area under the curve ${area.toFixed(4)}`,
};

/** The table of some models, by their folders (Markdown), out of their manifests and definitions. */
export async function modelTable(folders: readonly string[]): Promise<string> {
  const rows = await Promise.all(folders.map(tableRow));
  return [
    '| model | network | parameters | multiply-adds | on the test digits | measured by |',
    '| --- | --- | ---: | ---: | --- | --- |',
    ...rows,
  ].join('\n');
}

async function tableRow(folder: string): Promise<string> {
  const manifest = manifestSchema.parse(await readJson(join(folder, 'manifest.json')));
  const { parameters, multiplyAdds } = costOf(await readJson(join(folder, manifest.files.definition?.path ?? '')));
  const metrics = manifest.metrics ?? {};
  const qualities = Object.entries(QUALITIES).flatMap(([name, written]) => {
    const value = metrics[name];
    return typeof value === 'number' ? [written(value)] : [];
  });
  const cells = [
    `\`${manifest.name}\``,
    manifest.title ?? '',
    parameters.toLocaleString('en'),
    multiplyAdds.toLocaleString('en'),
    qualities.join('; '),
    `\`${metrics['measured_by'] ?? ''}\``,
  ];
  return `| ${cells.join(' | ')} |`;
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}
