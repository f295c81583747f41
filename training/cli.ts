import { runCommand, USAGE, UsageError } from './commands.ts';
import { TensorFlowMissing } from './tensorflow.ts';

try {
  await runCommand(process.argv.slice(2), console.log);
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n${USAGE}`);
    process.exitCode = 2;
  } else if (error instanceof TensorFlowMissing || isMissingFile(error)) {
    console.error(error.message);
    process.exitCode = 1;
  } else {
    throw error;
  }
}

function isMissingFile(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
