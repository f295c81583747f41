import { runCommand } from './cli/commands.ts';

process.exitCode = await runCommand(process.argv.slice(2), process.env, {
  out: (line) => console.log(line),
  error: (line) => console.error(line),
});
