import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program with our own output, and waits for its exit status. */
export async function run(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  folder = process.cwd(),
): Promise<number> {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...environment };
  const child = spawn(program, args, { stdio: 'inherit', env, cwd: folder });
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

/** The same, for programs without which nothing can go on. @throws Error */
export async function succeed(program: string, args: readonly string[]): Promise<void> {
  const code = await run(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}
