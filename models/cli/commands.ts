import { ElucidError } from '../../schemas/errors.ts';
import { check } from './check.ts';
import { fetchFiles } from './fetch.ts';
import { list } from './list.ts';
import { type Command, type Environment, EXIT, type ExitCode, type Printer, UsageError } from './usage.ts';

const COMMANDS: ReadonlyMap<string, Command> = new Map(Object.entries({ check, fetch: fetchFiles, list }));

const HELP = ['--help', '-h'];

/**
 * Runs a command line of `npm run models`.
 * @returns what the process is to end with
 */
export async function runCommand(args: readonly string[], environment: Environment, print: Printer): Promise<ExitCode> {
  const [name = '', ...rest] = args;
  const command = COMMANDS.get(name);
  if (command === undefined) {
    if (HELP.includes(name)) {
      print.out(overview());
      return EXIT.well;
    }
    print.error(name === '' ? overview() : `unknown command ${JSON.stringify(name)}\n${overview()}`);
    return EXIT.misuse;
  }
  if (rest.some((arg) => HELP.includes(arg))) {
    print.out(command.usage);
    return EXIT.well;
  }
  return run(command, rest, environment, print);
}

async function run(command: Command, args: readonly string[], environment: Environment, print: Printer) {
  try {
    return await command.run(args, environment, print);
  } catch (error) {
    if (error instanceof UsageError) {
      print.error(`${error.message}\n${command.usage}`);
      return EXIT.misuse;
    }
    if (!(error instanceof ElucidError)) throw error;
    print.error(error.message);
    return EXIT.faults;
  }
}

function overview(): string {
  const lines = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(7)}${summary}`);
  return `npm run models -- COMMAND [--help]\n\n${lines.join('\n')}`;
}
