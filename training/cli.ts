import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { recipes } from './recipes/index.ts';
import { writeSamples } from './samples.ts';
import { modelTable } from './table.ts';
import { TensorFlowMissing } from './tensorflow.ts';
import { train } from './train.ts';

const USAGE = `usage: npm run train -- ${[...recipes.keys()].join(' | ')} --data FOLDER   train a model, write its folder
       npm run train -- samples    draw the sample digits
       npm run train -- table      print the table of the models
FOLDER holds MNIST's four files (train-images-idx3-ubyte.gz, ...).`;

class UsageError extends Error {}

async function main(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: { data: { type: 'string' }, zoo: { type: 'string' } },
  });
  const [command = '', ...rest] = positionals;
  const recipe = recipes.get(command);
  const zoo = values.zoo ?? join(import.meta.dirname, '../models/zoo');
  const samples = join(zoo, 'samples');
  if (rest.length > 0) throw new UsageError(`unexpected: ${rest.join(' ')}`);
  if (command === 'samples') return writeSamples(samples);
  if (command === 'table') return console.log(await modelTable(zoo, recipes.keys()));
  if (!recipe) throw new UsageError(command ? `unknown: ${command}` : 'what shall be trained?');
  if (!values.data) throw new UsageError('--data is missing');
  await train(recipe, { data: values.data, zoo, samples }, console.log);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const code = error instanceof Error && 'code' in error ? `${error.code}` : '';
  const misused = error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS');
  if (!misused && !(error instanceof TensorFlowMissing)) throw error;
  console.error(error instanceof Error ? error.message : error);
  if (misused) console.error(USAGE);
  process.exitCode = misused ? 2 : 1;
}
