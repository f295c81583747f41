import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';

const root = join(import.meta.dirname, '../..');

const names = z.record(z.string(), z.string());
const manifest = z
  .object({ scripts: names, dependencies: names, devDependencies: names, peerDependencies: names })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

/** Used without an import: by name in a configuration, as a type, or as a command. */
const WITHOUT_IMPORT: readonly string[] = [
  '@swc/core',
  '@swc/jest',
  '@types/jest',
  '@types/negotiator',
  '@types/node',
  '@types/supertest',
  '@types/ws',
  'autocannon',
  'jest',
  'pino-pretty',
];

/** Commands in the scripts of package.json, and the packages that bring them. */
const COMMANDS = {
  '@biomejs/biome': 'biome ',
  'dependency-cruiser': 'depcruise ',
  tsx: 'tsx ',
  typescript: 'tsc ',
};

const IMPORT = /^(?:import|export)\s(?:[\w\s{},*$]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm;

/** Packages that the TypeScript files of a folder import. */
function importsOf(folder: string): Set<string> {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => /\.m?ts$/.test(file)).map((file) => join(root, folder, file));
  const specifiers = sources.flatMap((file) =>
    Array.from(readFileSync(file, 'utf8').matchAll(IMPORT), ([, fixed, dynamic]) => fixed ?? dynamic ?? ''),
  );
  const foreign = specifiers.filter((name) => /^[@a-z]/.test(name) && !name.startsWith('node:'));
  const packages = foreign.map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  return new Set(packages.filter((name) => !builtinModules.includes(name)));
}

function imports(folders: readonly string[]): Set<string> {
  return new Set(folders.flatMap((folder) => [...importsOf(folder)]));
}

const atRunTime = imports(['schemas', 'models', 'services']);
const inDevelopment = imports(['training', 'bench', 'test', 'docs', 'client/src']);

test('what the service imports is a dependency', () => {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  expect([...atRunTime].filter((name) => !(name in declared))).toEqual([]);
});

test('what tests, recipes and benchmarks import is declared', () => {
  const declared = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.peerDependencies };
  expect([...inDevelopment].filter((name) => !(name in declared))).toEqual([]);
});

test('every dependency is used', () => {
  const scripts = Object.values(manifest.scripts).join('\n');
  const commands = Object.entries(COMMANDS).flatMap(([name, command]) => (scripts.includes(command) ? [name] : []));
  const usedAtRunTime = new Set([...atRunTime, ...WITHOUT_IMPORT]);
  const used = new Set([...usedAtRunTime, ...inDevelopment, ...commands]);
  expect(Object.keys(manifest.dependencies).filter((name) => !usedAtRunTime.has(name))).toEqual([]);
  expect(Object.keys(manifest.devDependencies).filter((name) => !used.has(name))).toEqual([]);
});

test('docs/dependencies.md says of every dependency why it is here', () => {
  const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  const listed = Array.from(page.matchAll(/^\| `([^`]+)` \| [^|]+ \| [^|]+ \|$/gm), ([, name]) => name);
  const { dependencies, devDependencies, peerDependencies } = manifest;
  expect(listed.sort()).toEqual(Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies }).sort());
});

test('every version is exact', () => {
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
