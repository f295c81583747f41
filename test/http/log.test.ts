import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import pretty from 'pino-pretty';
import { z } from 'zod';
import { logOptions } from '../../services/logOptions.ts';
import { testApp } from './testApp.ts';

const lineSchema = z.looseObject({ msg: z.string().optional() });

function logged(write: (logger: pino.Logger) => void): z.output<typeof lineSchema>[] {
  const lines: string[] = [];
  write(pino(logOptions('info'), { write: (line: string) => lines.push(line) }));
  return lines.map((line) => lineSchema.parse(JSON.parse(line)));
}

describe('secrets', () => {
  const SECRET = 'key-of-alice-0001';
  const headers = { authorization: `Bearer ${SECRET}`, 'x-api-key': SECRET, cookie: `key=${SECRET}` };

  test.each<[string, object]>([
    ['headers', { headers }],
    ['a request', { req: { method: 'GET', url: `/models?key=${SECRET}`, headers } }],
    ['a bare header', headers],
    ['an error', { err: Object.assign(new Error('failed'), { headers }) }],
    ['the parameters of a connection', { connectionParams: headers }],
  ])('of %s are not logged', (_, given) => {
    const [line] = logged((logger) => logger.info(given, 'seen'));
    expect(line?.msg).toBe('seen');
    expect(JSON.stringify(line)).not.toContain(SECRET);
  });

  test('a query string is not logged', async () => {
    const { app, log, jobs } = await testApp();
    await app.inject(`/models?token=${SECRET}`);
    await app.inject(`/nothing?token=${SECRET}`);
    await app.close();
    await jobs.close();
    expect(log.filter((line) => /"path":"\/(models|nothing)".*"answered"/.test(line))).toHaveLength(2);
    expect(log.join('\n')).not.toContain(SECRET);
  });
});

describe('what a client sends', () => {
  const FORGED = '\n{"level":50,"msg":"forged"}\r\u001b[2J\u001b]0;title\u0007\u2028\u202e\u200b';

  test('stays in its line, and steers no terminal', () => {
    const print = pretty.prettyFactory({ colorize: false });
    const lines: string[] = [];
    const logger = pino(logOptions('info'), { write: (line: string) => lines.push(line) });
    logger.info({ detail: `x${FORGED}` }, `y${FORGED}`);
    logger.info(`z${FORGED}`);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const shown = [...line, ...(print(line) ?? '')].filter((character) => character !== '\n').join('');
      expect(shown).toContain('\\u{1b}[2J');
      expect(shown).not.toMatch(/[\p{Cc}\u2028\u202e\u200b]/u);
    }
  });

  test('in a name is logged so, too, wherever it came in', async () => {
    const { app, log, jobs } = await testApp({ TRUST_PROXY: true });
    const tensor = { shape: [4], data: [0, 0, 0, 0] };
    const name = `table${FORGED}`;
    await app.inject({ method: 'POST', url: '/explain', payload: { model: name, input: { tensor } } });
    await app.inject({ method: 'POST', url: '/explain', payload: { model: 'table', method: name, input: { tensor } } });
    await app.inject({ url: '/models', headers: { 'x-forwarded-for': 'x\u001b[2J' } });
    await app.close();
    await jobs.close();
    const texts = log.flatMap((line) => Object.values(lineSchema.parse(JSON.parse(line)))).map(String);
    expect(texts.filter((text) => text.includes('forged'))).not.toEqual([]);
    expect(texts.filter((text) => /[\p{Cc}\u2028\u202e\u200b]/u.test(text))).toEqual([]);
  });

  test('an error keeps its stack', () => {
    const [line] = logged((logger) => logger.error({ err: new Error('inner') }, 'outer'));
    expect(JSON.stringify(line?.['err'])).toContain('log.test.ts');
  });
});
