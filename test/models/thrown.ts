import { ElucidError } from '../../schemas/errors.ts';

/** Code and message of the ElucidError that `run` throws; anything else it throws is rethrown. */
export async function thrown(run: () => unknown): Promise<[code: string, message: string]> {
  let result: unknown;
  try {
    result = await run();
  } catch (error) {
    if (error instanceof ElucidError) return [error.code, error.message];
    throw error;
  }
  throw new Error(`nothing was thrown, but ${JSON.stringify(result)} returned`);
}
