import type { RegistryEntry } from '../registry/registeredModel.ts';
import { openRegistry } from '../registry/registry.ts';
import { argumentsOf } from './arguments.ts';
import { modelRoots } from './folders.ts';
import { type Command, EXIT } from './usage.ts';

const usage = `npm run models -- list [--models DIR]

Lists the models of models/zoo and of DIR: name, version, format, state. Files are hashed, networks are not imported.

  --models DIR   folder of further models (default: MODELS_DIR)`;

/** Prints one line for each folder that holds a manifest; those that cannot be used say why. */
export const list: Command = {
  summary: 'the models there are, and whether they can be used',
  usage,
  async run(args, environment, print) {
    const { values } = argumentsOf(args, { models: { type: 'string' } }, 0);
    const entries = (await openRegistry(modelRoots(values.models, environment))).list();
    for (const entry of entries) print.out(lineOf(entry));
    return entries.some(({ state }) => state === 'failed') ? EXIT.faults : EXIT.well;
  },
};

function lineOf(entry: RegistryEntry): string {
  if (entry.state === 'failed') return `${entry.name} ${entry.version ?? '-'} - failed: ${entry.reason}`;
  const { name, version, format } = entry.model.manifest;
  return `${name} ${version} ${format} registered`;
}
