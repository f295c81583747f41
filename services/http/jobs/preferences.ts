/** What the header Prefer (RFC 7240) asks for, of what we know. */
export interface Preferences {
  readonly respondAsync: boolean;
  /** Seconds that the client would wait for the result itself; null where it does not say. */
  readonly wait: number | null;
}

/** One preference: a name, and what follows it. Every step of it can end in one way only, so that none is tried again. */
const PREFERENCE = /^\s*([!#$%&'*+.^_`|~A-Za-z0-9-]+)\s*(?:=(.*)|;.*)?$/s;

/** A value, quoted or not. */
const VALUE = /^(?:"([^"]*)"|([^\s";]*))/;

/** Reads the header; what cannot be read or is not known is ignored, and the first of two equal names counts (RFC 7240). */
export function readPreferences(header: string | readonly string[] | undefined): Preferences {
  const values = new Map<string, string>();
  for (const text of splitList([header ?? []].flat().join(','))) {
    const [, name, rest = ''] = PREFERENCE.exec(text) ?? [];
    const value = valueBehind(rest.trim());
    if (name !== undefined && value !== null && !values.has(name.toLowerCase())) values.set(name.toLowerCase(), value);
  }
  const wait = values.get('wait') ?? '';
  return { respondAsync: values.has('respond-async'), wait: /^\d{1,9}$/.test(wait) ? Number(wait) : null };
}

/** What an equals sign is followed by, without parameters behind a semicolon; null for what is no value. */
function valueBehind(text: string): string | null {
  const [all = '', quoted, token] = VALUE.exec(text) ?? [];
  const behind = text.slice(all.length).trimStart();
  return behind === '' || behind.startsWith(';') ? (quoted ?? token ?? '') : null;
}

/** The members of a list; commas in quotes do not separate. */
function splitList(text: string): string[] {
  return text.match(/(?:"[^"]*"|[^",])+/g) ?? [];
}
