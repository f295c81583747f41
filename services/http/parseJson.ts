import secureJson from 'secure-json-parse';
import { ElucidError } from '../../schemas/errors.ts';

/** Objects and lists inside each other. */
const MAX_DEPTH = 64;

/** Objects and lists in all: each takes far more memory than its two characters. */
const MAX_CONTAINERS = 1_000_000;

/** What is wrong with the text, to follow "the body". */
type Wording = (fault: string) => ElucidError;

/**
 * Parses what a client wrote. Nesting and number of objects and lists are bounded before anything is parsed; `__proto__`
 * and `constructor.prototype` are refused.
 * @param refuse the error for a fault, given in words like "is not valid JSON: ..."
 * @throws ElucidError what `refuse` makes
 */
export function parseJson(text: string, refuse: Wording = ofBody): unknown {
  const fault = structureFault(text);
  if (fault !== null) throw refuse(fault);
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    throw refuse(`is not valid JSON: ${reason.slice(0, 200)}`);
  }
}

function ofBody(fault: string): ElucidError {
  return new ElucidError('bad-body', `the body ${fault}`);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** One pass over the text, which jumps over strings; what is no JSON is left to the parser. */
function structureFault(text: string): string | null {
  let depth = 0;
  let containers = 0;
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        containers += 1;
        if (depth > MAX_DEPTH) return `is nested more deeply than ${MAX_DEPTH} objects and lists, which are allowed`;
        if (containers > MAX_CONTAINERS)
          return `holds more than ${MAX_CONTAINERS} objects and lists, which are allowed`;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
    }
  }
  return null;
}

/** The place of the quote that closes a string, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
