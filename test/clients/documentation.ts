import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './processes.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = 'docs/clients.md';
const ADDRESS = 'http://127.0.0.1:3000';

/** How an example of each language is run from its file. */
const LANGUAGES = (python: string) => ({
  sh: { extension: 'sh', command: ['sh', '-e'] },
  python: { extension: 'py', command: [python] },
  ts: { extension: 'mts', command: [process.execPath, '--import', 'tsx'] },
});

/** Runs every example of docs/clients.md as it stands there. @returns how many failed */
export async function runExamples(url: string, python: string): Promise<number> {
  const languages = LANGUAGES(python);
  const text = readFileSync(join(ROOT, PAGE), 'utf8');
  const examples = [...text.matchAll(/^```(sh|python|ts)\n([\s\S]*?)^```$/gm)];
  // Inside the project, so that the examples find its modules.
  const folder = await mkdtemp(join(ROOT, 'test/clients/examples-'));
  let failed = examples.length === 0 ? 1 : 0;
  try {
    for (const [n, [, language, code = '']] of examples.entries()) {
      const { extension, command } = languages[language as keyof typeof languages];
      const file = join(folder, `example${n}.${extension}`);
      await writeFile(file, code.replaceAll(ADDRESS, url));
      const [program = '', ...args] = command;
      const status = await run(program, [...args, file], {}, ROOT);
      process.stdout.write(
        `\n${PAGE}, example ${n + 1} (${language}): ${status === 0 ? 'ok' : `ended with ${status}`}\n`,
      );
      if (status !== 0) failed += 1;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return failed;
}
