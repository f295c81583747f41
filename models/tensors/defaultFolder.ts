import { userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * Where the tensor store lies unless CACHE_DIR says otherwise: one folder for each user of a machine.
 * @param temporaryFolder that of the system
 * @param user what `userName` says
 */
export function defaultStoreFolder(temporaryFolder: string, user: string): string {
  return join(temporaryFolder, `elucid-${user}`);
}

/** Tells users of a machine apart; a container may run under a number that has no name. */
export function userName(): string {
  return String(process.getuid?.() ?? userInfo().username);
}
