import { join } from 'node:path';
import type { Recipe } from './recipe.ts';

const ROOT = join(import.meta.dirname, '..');

/** Where training reads and writes. */
export interface Places {
  /** Folder of the four gzipped MNIST files. */
  readonly data: string;
  /** Folder of the shipped models and of the sample digits. */
  readonly zoo: string;
  /** Folder of the models that only judge others. */
  readonly measures: string;
  /** Folder of the contact sheets. */
  readonly figures: string;
}

/** The project's own folders. */
export const PROJECT: Omit<Places, 'data'> = {
  zoo: join(ROOT, 'models/zoo'),
  measures: join(ROOT, 'bench/prototypes/models'),
  figures: join(ROOT, 'docs/figures'),
};

/** The folder of a recipe's model. */
export function folderOf({ name, home }: Recipe, places: Omit<Places, 'data'>): string {
  return join(places[home], name);
}
