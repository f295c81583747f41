import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { JOB_EVENTS } from '../../schemas/jobs.ts';
import { PROBLEMS } from '../../services/http/problem.ts';

const page = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');

test('docs/api.md has every code that a client can see, at its status', () => {
  const rows = new Map(
    Array.from(page('api.md').matchAll(/^\| (\d{3}) \| (.*) \|$/gm), ([, status, codes]) => [status, codes]),
  );
  const missing = Object.entries(PROBLEMS).filter(
    ([code, { status }]) => code !== 'gone' && !rows.get(String(status))?.includes(`\`${code}\``),
  );
  expect(missing.map(([code]) => code)).toEqual([]);
});

test('docs/jobs.md tells of every event', () => {
  const text = page('jobs.md');
  expect(JOB_EVENTS.filter((type) => !text.includes(`\`${type}\``))).toEqual([]);
});
