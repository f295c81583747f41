import { runCommand, UsageError } from '../../training/commands.ts';
import { recipes } from '../../training/recipes/index.ts';
import { TensorFlowMissing } from '../../training/tensorflow.ts';
import { train } from '../../training/train.ts';

const silent = () => undefined;

describe('npm run train', () => {
  it.each([
    ['what shall be trained?', []],
    ['there is no recipe or command lenet', ['lenet', '--data', 'x']],
    ['--data is missing', ['mnist-mlp']],
    ['unexpected: mnist-cnn', ['mnist-mlp', 'mnist-cnn']],
    ["Unknown option '--date'", ['mnist-mlp', '--date', 'x']],
  ])('answers "%s" to %j', async (message, args) => {
    const running = runCommand(args, silent);
    await expect(running).rejects.toThrow(UsageError);
    await expect(running).rejects.toThrow(message);
  });

  it.each([...recipes.values()])('$name says that TensorFlow is missing before it reads any data', async (recipe) => {
    const missing = () => Promise.reject(new TensorFlowMissing('run setup:tensorflow'));
    const nowhere = '/no/such/folder';
    const places = { data: nowhere, zoo: nowhere, measures: nowhere, figures: nowhere };
    await expect(train(recipe, places, silent, missing)).rejects.toThrow('run setup:tensorflow');
  });

  it('prints one row for every recipe, with what was measured on the test digits', async () => {
    const lines: string[] = [];
    await runCommand(['table'], (line) => lines.push(line));
    const rows = lines.join('\n').split('\n');
    for (const name of recipes.keys()) {
      expect(rows).toContainEqual(
        expect.stringMatching(
          new RegExp(`^\\| \`${name}\` \\|.*\\| [a-z -]*\\d+\\.\\d+ [^|]*\\| \`npm run train -- ${name}\` \\|$`),
        ),
      );
    }
  });
});
