import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FuzzFault, fuzz } from './fuzz.ts';
import { type FuzzedParser, PARSERS } from './parsers.ts';

const USAGE = `usage: npm run fuzz:models -- --data DIR [--mutations 10000] [--seed 1] [--only PARSER]
Mutates the model files below DIR and hands them to the parsers ${PARSERS.map(({ name }) => name).join(', ')}.`;

/** Larger files cost time for weights that are all alike. */
const MAX_BYTES = 2 ** 20;

/** Mutations between two lines of progress; where they stop, a parser hangs. */
const STEP = 2000;

/** Files of a parser below a folder. */
function filesOf({ files }: FuzzedParser, folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => files.test(name))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).size <= MAX_BYTES)
    .sort();
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      mutations: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
    },
  });
  const [mutations, seed] = [Number(values.mutations), Number(values.seed)];
  const chosen = PARSERS.filter(({ name }) => values.only === undefined || values.only === name);
  const isValid = Number.isSafeInteger(mutations) && mutations > 0 && Number.isSafeInteger(seed) && chosen.length > 0;
  if (values.data === undefined || !existsSync(values.data) || !isValid) throw new Error(USAGE);
  for (const parser of chosen) {
    const paths = filesOf(parser, parser.folder ?? values.data);
    if (paths.length === 0) throw new Error(`there are no files ${parser.files} of at most ${MAX_BYTES} bytes`);
    const files = paths.map((path) => new Uint8Array(readFileSync(path)));
    for (const file of files) await parser.parse(file);
    const progress = (done: number) => {
      if (done % STEP === 0) process.stderr.write(`${parser.name}: ${done} of ${mutations}\n`);
    };
    const { accepted, refused, slowest, largest } = await fuzz({ ...parser, files }, { mutations, seed, progress });
    const cost = `at most ${slowest.toFixed(0)} ms and ${(largest / 2 ** 20).toFixed(0)} MiB each`;
    process.stdout.write(
      `${parser.name}: ${files.length} files, ${accepted} mutations read, ${refused} refused, ${cost}\n`,
    );
  }
}

try {
  await run();
} catch (error) {
  process.stderr.write(`fuzz:models: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof FuzzFault) {
    const path = join(tmpdir(), 'fuzz-models-fault');
    writeFileSync(path, error.file);
    process.stderr.write(`the file is kept at ${path}\n`);
  }
  process.exitCode = 1;
}
