import { faultAt } from '../../../schemas/errors.ts';
import { parseJson } from '../parseJson.ts';

/** Texts of a query that stand for something else than themselves. */
const JSON_VALUE = /^(true|false|null|-?\d+(\.\d+)?([eE][-+]?\d+)?|[[{].*)$/s;

/**
 * Options that were written in a query: numbers, true, false, and JSON objects and lists are read as such.
 * @throws ElucidError `bad-body` for broken JSON, `invalid` for an option that is given twice.
 */
export function queryOptions(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(query).map(([name, text]) => [name, optionValue(name, text)]));
}

function optionValue(name: string, text: unknown): unknown {
  if (typeof text !== 'string') {
    throw faultAt('invalid', `/${name}`, `received ${name} more than once; allowed is one`);
  }
  if (!JSON_VALUE.test(text)) return text;
  return parseJson(text, (fault) => faultAt('bad-body', `/${name}`, `${name} ${fault}`));
}
