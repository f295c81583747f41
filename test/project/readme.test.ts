import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { folderOf, PROJECT } from '../../training/places.ts';
import type { Recipe } from '../../training/recipe.ts';
import { recipes } from '../../training/recipes/index.ts';
import { modelTable } from '../../training/table.ts';

const ROOT = join(import.meta.dirname, '../..');
const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const shipped = [...recipes.values()].filter(({ home }) => home === 'zoo');
const foldersOf = (listed: Iterable<Recipe>) => Array.from(listed, (recipe) => folderOf(recipe, PROJECT));

test.each([
  ['README.md', shipped],
  ['docs/training.md', [...recipes.values()]],
])('the table of models in %s is the one that is printed from the manifests', async (page, listed) => {
  expect(readFileSync(join(ROOT, page), 'utf8')).toContain(await modelTable(foldersOf(listed)));
});

test.each(pages)('the links of %s lead somewhere', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link]) => link ?? '');
  const broken = links.filter((link) => !/^https?:/.test(link) && !existsSync(join(ROOT, dirname(page), link)));
  expect(broken).toEqual([]);
});
