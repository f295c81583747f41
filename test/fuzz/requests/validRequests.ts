import type { Contract, DocumentedOperation } from '../../http/contract.ts';
import type { RawRequest } from './rawRequest.ts';

type Json = Record<string, unknown>;

const BOUNDARY = 'a-boundary';

/** The requests that the examples of a document are, to be made bad. Streams and waiting are left out. */
export function validRequests(contract: Contract, picture: Buffer): RawRequest[] {
  return contract.operations.flatMap((one) => {
    const { target, headers } = filled(one);
    return bodiesOf(one, picture).map(([type, body]) => ({
      method: one.method.toUpperCase(),
      target,
      headers: [...headers, ...(type === null ? [] : [['Content-Type', type] as const])],
      body,
      missing: 0,
    }));
  });
}

function filled({ path, operation }: DocumentedOperation) {
  const query = new URLSearchParams();
  const headers: (readonly [string, string])[] = [];
  let filledPath = path;
  for (const { name, in: place, example } of (operation['parameters'] ?? []) as Json[]) {
    const text = String(example);
    if (example === undefined || name === 'prefer' || name === 'idempotency-key') continue;
    if (place === 'path') filledPath = filledPath.replace(`{${name}}`, encodeURIComponent(text));
    else if (place === 'header') headers.push([String(name), text]);
    else if (typeof example === 'object')
      for (const [key, value] of Object.entries(example ?? {})) query.append(key, String(value));
    else query.append(String(name), text);
  }
  return { target: query.size === 0 ? filledPath : `${filledPath}?${query}`, headers };
}

function bodiesOf({ operation }: DocumentedOperation, picture: Buffer): [string | null, Buffer][] {
  const { content } = (operation['requestBody'] ?? {}) as { content?: Record<string, Json> };
  if (content === undefined) return [[null, Buffer.alloc(0)]];
  return Object.entries(content).flatMap(([type, { example, examples }]): [string, Buffer][] => {
    const values =
      examples === undefined ? [example] : Object.values(examples as Json).map((one) => (one as Json)['value']);
    if (type === 'application/json') return values.map((value) => [type, Buffer.from(JSON.stringify(value ?? {}))]);
    if (type !== 'multipart/form-data') return [[type, picture]];
    return values.map((value) => [`${type}; boundary=${BOUNDARY}`, formOf(value as Json, picture)]);
  });
}

/** A text that stands for a file in the example of a form. */
export function isFile(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('the bytes of ');
}

function formOf(fields: Json, picture: Buffer): Buffer {
  const parts = Object.entries(fields).map(([name, value]) => {
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"`;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const [file, content] = isFile(value) ? ['; filename="3.png"', picture] : ['', Buffer.from(text)];
    return Buffer.concat([Buffer.from(`${head}${file}\r\n\r\n`), content, Buffer.from('\r\n')]);
  });
  return Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}
