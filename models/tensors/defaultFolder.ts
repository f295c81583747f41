import { join } from 'node:path';

/**
 * Where the tensor store lies unless CACHE_DIR says otherwise: one folder for each user of a machine.
 * @param temporaryFolder that of the system
 * @param user number or name of the user
 */
export function defaultStoreFolder(temporaryFolder: string, user: string): string {
  return join(temporaryFolder, `elucid-${user}`);
}
