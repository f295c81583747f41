import { runCommand } from '../../models/cli/commands.ts';

/** Runs a command line of `npm run models` in this process: what it would end with, and what it prints. */
export async function runModels(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const out: string[] = [];
  const error: string[] = [];
  const print = { out: (line: string) => out.push(line), error: (line: string) => error.push(line) };
  const code = await runCommand(args, environment, print);
  return { code, out: out.join('\n'), error: error.join('\n') };
}
