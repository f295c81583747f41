/** What the header Prefer (RFC 7240) asks for, of what we know. */
export interface Preferences {
  readonly respondAsync: boolean;
  /** Seconds that the client would wait for the result itself; null where it does not say. */
  readonly wait: number | null;
}

/** One preference: a name, and perhaps a value, quoted or not. Parameters behind a semicolon are not read. */
const PREFERENCE = /^\s*([!#$%&'*+.^_`|~A-Za-z0-9-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s";]*))\s*)?(?:;.*)?$/;

/** Reads the header; what cannot be read or is not known is ignored, and the first of two equal names counts (RFC 7240). */
export function readPreferences(header: string | readonly string[] | undefined): Preferences {
  const values = new Map<string, string>();
  for (const text of splitList([header ?? []].flat().join(','))) {
    const [, name, quoted, token] = PREFERENCE.exec(text) ?? [];
    if (name !== undefined && !values.has(name.toLowerCase())) values.set(name.toLowerCase(), quoted ?? token ?? '');
  }
  const wait = values.get('wait') ?? '';
  return { respondAsync: values.has('respond-async'), wait: /^\d{1,9}$/.test(wait) ? Number(wait) : null };
}

/** The members of a list; commas in quotes do not separate. */
function splitList(text: string): string[] {
  return text.match(/(?:"[^"]*"|[^",])+/g) ?? [];
}
