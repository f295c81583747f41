import { configVariables } from './config.ts';

/** docs/configuration.md, made from the variables that the service reads. */
export function configReference(): string {
  const rows = configVariables().map(
    ({ name, description, default: fallback, defaultText, allowed }) =>
      `| \`${name}\` | ${description} | ${defaultText === undefined ? `\`${fallback}\`` : defaultText} | ${allowed} |`,
  );
  return [
    '# Configuration',
    '',
    'The service reads these environment variables. A value that is not allowed stops the start with one line that says so;',
    'an empty value counts as none.',
    '',
    '| variable | meaning | default | allowed |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    'This page is written by `npm run docs:configuration`; `npm test` checks that it is current.',
    '',
  ].join('\n');
}
