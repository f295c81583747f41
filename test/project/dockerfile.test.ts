import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const root = join(import.meta.dirname, '../..');

/** A stage: its name and its instructions, continued lines joined. */
interface Stage {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly (readonly [string, string])[];
}

function readStages(): Stage[] {
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ').split('\n');
  const instructions = lines.flatMap((line): [string, string][] => {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return name === undefined || rest === undefined ? [] : [[name, rest]];
  });
  const stages: { name: string; from: string; instructions: [string, string][] }[] = [];
  for (const [instruction, rest] of instructions) {
    if (instruction === 'FROM') {
      const [, from = '', name = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
      stages.push({ name, from, instructions: [] });
    } else stages.at(-1)?.instructions.push([instruction, rest]);
  }
  return stages;
}

const stages = readStages();

const { scripts } = z
  .object({ scripts: z.object({ start: z.string() }) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
/** What `npm start` runs after the build. */
const startCommand = scripts.start.split(' && ').at(-1)?.split(' ');

function all({ instructions }: Stage, name: string): string[] {
  return instructions.flatMap(([instruction, rest]) => (instruction === name ? [rest] : []));
}

describe('Dockerfile', () => {
  test('has the targets cpu and cuda, cpu being the default', () => {
    expect(stages.map(({ name }) => name)).toEqual(expect.arrayContaining(['cpu', 'cuda']));
    expect(stages.at(-1)?.name).toBe('cpu');
  });

  test('pins the images that it starts from', () => {
    const text = readFileSync(join(root, 'Dockerfile'), 'utf8');
    const images = Array.from(text.matchAll(/^ARG \w+_IMAGE=(.*)$/gm), ([, image]) => image);
    expect(images).toEqual([
      expect.stringMatching(/^node:22\.\d+\.\d+-\w+-slim$/),
      expect.stringMatching(/^nvidia\/cuda:\d+\.\d+\.\d+-cudnn-runtime-ubuntu\d+\.\d+$/),
    ]);
    const known = stages.map(({ name }) => name);
    expect(stages.filter(({ from }) => !/^\$\{\w+_IMAGE\}$/.test(from) && !known.includes(from))).toEqual([]);
  });

  describe.each(
    stages.filter(({ name }) => ['cpu', 'cuda'].includes(name)).map((stage) => [stage.name, stage] as const),
  )('target %s', (_name, stage) => {
    test('runs as an ordinary user', () => {
      expect(all(stage, 'USER')).toEqual(['1000:1000']);
    });

    test('checks its health by node itself, with a script that exists', () => {
      const [check = ''] = all(stage, 'HEALTHCHECK');
      expect(check).toContain('CMD ["node", "docker/healthcheck.mjs"]');
      expect(existsSync(join(root, 'docker/healthcheck.mjs'))).toBe(true);
    });

    test('starts the service as npm start does, but without a shell, so that signals arrive', () => {
      expect(all(stage, 'CMD').map((command) => JSON.parse(command))).toEqual([startCommand]);
    });

    test('listens for the outside, with jemalloc, and leaves the question who may ask to compose', () => {
      const environment = all(stage, 'ENV').join(' ');
      expect(environment).toMatch(/\bHOST=0\.0\.0\.0\b/);
      expect(environment).toMatch(/\bLD_PRELOAD=libjemalloc\.so\.2\b/);
      expect(environment).not.toContain('ALLOW_ANONYMOUS');
    });

    test('keeps what it writes in volumes', () => {
      expect(all(stage, 'VOLUME')).toEqual(['["/cache", "/data"]']);
      expect(all(stage, 'ENV').join(' ')).toMatch(/CACHE_DIR=\/cache DATA_DIR=\/data/);
    });
  });

  test('every script that it runs exists, and the build context holds it', () => {
    const scripts = stages.flatMap(
      (stage) =>
        all(stage, 'RUN')
          .join('\n')
          .match(/docker\/\w+\.sh/g) ?? [],
    );
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.filter((script) => !existsSync(join(root, script)))).toEqual([]);
    expect(readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')).toEqual(
      expect.arrayContaining(['*', '!docker', '!package-lock.json', '!.npmrc']),
    );
  });
});
