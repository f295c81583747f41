import { createHash } from 'node:crypto';

/** SHA-256 of an OpenAPI document, but for the version of the service. */
export function documentHash({ info: _info, ...document }: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(JSON.stringify(document)).digest('hex');
}
