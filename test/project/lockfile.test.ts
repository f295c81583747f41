import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const root = join(import.meta.dirname, '../..');

const names = z.record(z.string(), z.string()).default({});
const manifest = z.looseObject({ dependencies: names, devDependencies: names, optionalDependencies: names });
const lockSchema = z.object({ packages: z.record(z.string(), manifest.extend({ resolved: z.string().optional() })) });

const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));

/** Where a package at `path` finds another one, as Node looks for it; null when nowhere. */
function find(path: string, name: string): string | null {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const candidate = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (candidate in packages) return candidate;
    if (at === '') return null;
  }
}

describe('package-lock.json', () => {
  test('belongs to package.json', () => {
    const own = manifest.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const { dependencies, devDependencies } = packages[''] ?? {};
    expect({ dependencies, devDependencies }).toEqual({
      dependencies: own.dependencies,
      devDependencies: own.devDependencies,
    });
  });

  test('names no registry, so that everybody installs from their own', () => {
    const named = Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined);
    expect(named.map(([path]) => path)).toEqual([]);
  });

  test('holds the optional packages of every platform, without which npm ci fails there', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies).flatMap((name) => (find(path, name) === null ? [`${path} needs ${name}`] : [])),
    );
    expect(missing).toEqual([]);
    const platforms = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64', 'win32-x64'];
    for (const platform of platforms) expect(packages).toHaveProperty([`node_modules/@img/sharp-${platform}`]);
  });
});
