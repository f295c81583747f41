import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the service is installed, and its version. */
export interface PackageFolder {
  readonly path: string;
  readonly version: string;
}

/**
 * The folder of the package that a file lies in: the next one above with a package.json. Sources and compiled files lie
 * at different depths below it.
 */
export function packageFolder(file: string): PackageFolder {
  for (let path = dirname(file); path !== dirname(path); path = dirname(path)) {
    const version = versionIn(join(path, 'package.json'));
    if (version !== null) return { path, version };
  }
  throw new Error(`no package.json above ${file}`);
}

function versionIn(file: string): string | null {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const version = typeof content === 'object' && content !== null ? Reflect.get(content, 'version') : undefined;
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}
