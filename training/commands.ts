import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { folderOf, type Places, PROJECT } from './places.ts';
import { recipes } from './recipes/index.ts';
import { writeSamples } from './samples.ts';
import { modelTable } from './table.ts';
import { train } from './train.ts';

/** What the command line answers when it is misused. */
export const USAGE = `usage: npm run train -- ${[...recipes.keys()].join(' | ')} --data FOLDER   train a model, write its folder
       npm run train -- samples    draw the sample digits
       npm run train -- table      print the table of the models
FOLDER holds MNIST's four files (train-images-idx3-ubyte.gz, ...). Three options write and read elsewhere:
--zoo FOLDER than models/zoo, --measures FOLDER than bench/prototypes/models, --figures FOLDER than docs/figures.`;

/** The command line was misused; the message says how. */
export class UsageError extends Error {}

/**
 * Runs one command of `npm run train --`.
 * @throws UsageError when the arguments make no command
 */
export async function runCommand(args: string[], print: (line: string) => void): Promise<void> {
  const { positionals, values } = parse(args);
  const [command = '', ...rest] = positionals;
  const { data, ...elsewhere } = values;
  const places: Omit<Places, 'data'> = { ...PROJECT, ...elsewhere };
  if (rest.length > 0) throw new UsageError(`unexpected: ${rest.join(' ')}`);
  if (command === 'samples') return writeSamples(join(places.zoo, 'samples'));
  if (command === 'table')
    return print(await modelTable(Array.from(recipes.values(), (recipe) => folderOf(recipe, places))));
  const recipe = recipes.get(command);
  if (!recipe) throw new UsageError(command ? `there is no recipe or command ${command}` : 'what shall be trained?');
  if (!data) throw new UsageError('--data is missing: the folder of the MNIST files');
  await train(recipe, { ...places, data }, print);
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        zoo: { type: 'string' },
        measures: { type: 'string' },
        figures: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : `${error}`);
  }
}
