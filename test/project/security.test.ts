import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');

const [, table = ''] = page.split('## Threats');
const rows = table.split('\n').flatMap((line) => {
  const [, threat, control, tests] = /^\| (.+?) \| (.+?) \| (.+) \|$/.exec(line) ?? [];
  return threat === undefined || threat === 'threat' || threat === '---'
    ? []
    : [{ threat, control, tests: tests ?? '' }];
});

test('every threat has a control and a test', () => {
  expect(rows.length).toBeGreaterThan(35);
  expect(rows.filter(({ control = '', tests }) => control.trim() === '' || !tests.startsWith('`test/'))).toEqual([]);
  expect(new Set(rows.map(({ threat }) => threat)).size).toBe(rows.length);
});

test.each(rows.map(({ threat, tests }) => [threat, tests] as const))('the tests of "%s" exist', (_, tests) => {
  let titles: readonly string[] = [];
  let named = 0;
  for (const part of tests.split(/; (?=[`"])/)) {
    const [, file, title] = /^(?:`([^`]+)`: )?"(.+)"$/.exec(part) ?? [];
    expect([part, title]).toEqual([part, expect.any(String)]);
    if (file !== undefined) titles = titlesIn(readFileSync(join(ROOT, file), 'utf8'));
    expect(titles).toContain(title);
    named += 1;
  }
  expect(named).toBeGreaterThan(0);
});

/** What is written as the name of a test or of a group of tests. */
function titlesIn(source: string): readonly string[] {
  return [...source.matchAll(/(?:\btest\(|\bdescribe\(|\)\()\s*(['"`])((?:\\.|(?!\1).)*)\1,/g)].map(([, , title]) =>
    (title ?? '').replaceAll("\\'", "'"),
  );
}

test('nothing that serves requests asks other servers, but for the predictor', () => {
  const imported =
    /\bimport \{[^}]*\b(request|get|connect|createConnection|Socket|Agent|lookup|resolve\w*)\b[^}]*\} from '(node:)?(https?|http2|net|tls|dgram|dns(\/promises)?|undici|axios|got)'/;
  const whole =
    /\bfetch\(|\bimport (\* as )?\w+ from '(node:)?(https?|http2|net|tls|dgram|dns|undici|axios|got)'|\bnew WebSocket\(/;
  const found = ['services', 'schemas']
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => {
      const source = readFileSync(join(ROOT, name), 'utf8');
      return imported.test(source) || whole.test(source);
    });
  expect(found).toEqual(['services/http/kserve/predictor.ts']);
});
