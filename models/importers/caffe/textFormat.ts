import type { Message, Type } from 'protobufjs';
import textformat from 'protobufjs/ext/textformat.js';
import { importError, quoted } from '../faults.ts';

/** Many times the length of any net that we know of; bounds the time and memory that a hostile text can take. */
const MAX_CHARACTERS = 2 * 2 ** 20;

/** A message as plain data: enumerations by name, integers as numbers, fields that may repeat as lists. */
export type PlainMessage = Readonly<Record<string, unknown>>;

/**
 * Reads protobuf's text format, strictly by a schema.
 * @throws ElucidError `model-failed`, with the line of the first fault
 */
export function readTextFormat(type: Type, text: string): PlainMessage {
  if (text.length > MAX_CHARACTERS) {
    throw importError(`the prototxt has ${text.length} characters; at most ${MAX_CHARACTERS} are read`);
  }
  const source = text.replace(/^\uFEFF/, '');
  const message = parsed(type, source);
  if (message instanceof Error) {
    const { line, reason } = located(type, source, message.message);
    throw importError(`line ${line} of the prototxt: ${quoted(reason)}`);
  }
  return type.toObject(message, { enums: String, longs: Number });
}

function parsed(type: Type, source: string): Message | Error {
  try {
    return textformat.fromText(type, source);
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/**
 * The parser tells the line of some faults only. Of the others, it is the last line of the shortest beginning of the text
 * that has the same fault: a shorter one ends too early, a longer one is read to the same place.
 */
function located(type: Type, source: string, fault: string): { line: number; reason: string } {
  const told = /^(.*) \(line (\d+)\)$/s.exec(fault);
  if (told !== null) return { line: Number(told[2]), reason: told[1] ?? fault };
  const lines = source.split('\n');
  let [without, within] = [0, lines.length];
  while (within - without > 1) {
    const middle = (without + within) >> 1;
    const found = parsed(type, lines.slice(0, middle).join('\n'));
    if (found instanceof Error && found.message === fault) within = middle;
    else without = middle;
  }
  return { line: within, reason: fault };
}
