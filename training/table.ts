import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestSchema } from '../schemas/manifest.ts';
import { costOf } from './cost.ts';

/** The table of the models as it stands in the README (Markdown), out of their manifests and definitions. */
export async function modelTable(zoo: string, names: Iterable<string>): Promise<string> {
  const rows = await Promise.all(Array.from(names, (name) => tableRow(join(zoo, name))));
  return [
    '| model | network | parameters | multiply-adds | test accuracy | measured by |',
    '| --- | --- | ---: | ---: | ---: | --- |',
    ...rows,
  ].join('\n');
}

async function tableRow(folder: string): Promise<string> {
  const manifest = manifestSchema.parse(await readJson(join(folder, 'manifest.json')));
  const { parameters, multiplyAdds } = costOf(await readJson(join(folder, manifest.files.definition?.path ?? '')));
  const accuracy = Number(manifest.metrics?.['test_accuracy']);
  const cells = [
    `\`${manifest.name}\``,
    manifest.title ?? '',
    parameters.toLocaleString('en'),
    multiplyAdds.toLocaleString('en'),
    `${(100 * accuracy).toFixed(2)} %`,
    `\`${manifest.metrics?.['measured_by'] ?? ''}\``,
  ];
  return `| ${cells.join(' | ')} |`;
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}
