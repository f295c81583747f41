/** A command line that was not understood; the message says what was received and what is allowed. */
export class UsageError extends Error {
  readonly code = 'usage';
}

/** What the process ends with: all is well, faults were found, the command line was not understood. */
export const EXIT = { well: 0, faults: 1, misuse: 2 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Where a command writes: results to `out`, progress and complaints to `error`, one line each. */
export interface Printer {
  out(line: string): void;
  error(line: string): void;
}

/** The variables of the process that a command may read. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One command of `npm run models`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly usage: string;
  /** @throws UsageError */
  run(args: readonly string[], environment: Environment, print: Printer): Promise<ExitCode>;
}
