import fc from 'fast-check';
import { badHeaderValue, badJson, badMediaType, badMethod, badQuery, badSegment, readHeader } from './badValues.ts';
import type { RawRequest } from './rawRequest.ts';

type Damage = (request: RawRequest) => RawRequest;

/** Places in a JSON text where a value begins. */
const VALUE = /(?<=[:[,]\s*)(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)(?!\s*:)/g;
const KEY = /"(?:[^"\\]|\\.)*"(?=\s*:)/g;

/** Requests of which up to three things are not as they should be. */
export function badRequests(valid: readonly RawRequest[]): fc.Arbitrary<RawRequest> {
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(damage, { minLength: 1, maxLength: 3 }))
    .map(([request, damages]) => damages.reduce((damaged, apply) => apply(damaged), request));
}

const inJson: fc.Arbitrary<Damage> = fc
  .tuple(fc.nat(), badJson, fc.constantFrom('value', 'key', 'extra', 'repeat', 'all', 'spliced'))
  .map(([at, text, kind]) => (request) => ({
    ...request,
    body: Buffer.from(damagedJson(request.body, at, text, kind)),
  }));

function damagedJson(body: Buffer, at: number, text: string, kind: string): string {
  const json = body.toString('utf8');
  switch (kind) {
    case 'value':
      return replacedAt(json, VALUE, at, () => text);
    case 'key':
      return replacedAt(json, KEY, at, () => JSON.stringify(text.slice(0, 50)));
    case 'extra':
      return json.replace('{', `{${JSON.stringify(text.slice(0, 50))}:${text},`);
    case 'repeat':
      return replacedAt(json, KEY, at, (key) => `${key}:${text},${key}`);
    case 'spliced':
      return json.slice(0, at % (json.length + 1)) + text + json.slice(at % (json.length + 1));
    default:
      return text;
  }
}

function replacedAt(text: string, pattern: RegExp, at: number, replace: (found: string) => string): string {
  const places = [...text.matchAll(pattern)];
  const chosen = places[at % Math.max(1, places.length)];
  if (chosen === undefined) return text;
  const end = chosen.index + chosen[0].length;
  return text.slice(0, chosen.index) + replace(chosen[0]) + text.slice(end);
}

const bytes: fc.Arbitrary<Damage> = fc
  .tuple(fc.nat(), fc.uint8Array({ maxLength: 64 }), fc.constantFrom('cut', 'flip', 'insert', 'replace', 'none'))
  .map(([at, noise, kind]) => (request) => ({
    ...request,
    body: damagedBytes(request.body, at, Buffer.from(noise), kind),
  }));

function damagedBytes(body: Buffer, at: number, noise: Buffer, kind: string): Buffer {
  const place = at % (body.length + 1);
  switch (kind) {
    case 'cut':
      return body.subarray(0, place);
    case 'flip':
      return Buffer.concat([
        body.subarray(0, place),
        noise,
        body.subarray(Math.min(body.length, place + noise.length)),
      ]);
    case 'insert':
      return Buffer.concat([body.subarray(0, place), noise, body.subarray(place)]);
    case 'replace':
      return noise;
    default:
      return Buffer.alloc(0);
  }
}

const cutOff: fc.Arbitrary<Damage> = fc
  .nat()
  .map((at) => (request) => ({ ...request, missing: request.body.length === 0 ? 0 : 1 + (at % request.body.length) }));

const header: fc.Arbitrary<Damage> = fc.tuple(readHeader, badHeaderValue).map(([name, value]) => (request) => ({
  ...request,
  headers: [...request.headers, [name, value]],
}));

const manyHeaders: fc.Arbitrary<Damage> = fc.integer({ min: 10, max: 2500 }).map((count) => (request) => ({
  ...request,
  headers: [...request.headers, ...Array.from({ length: count }, (_, n) => [`X-${n}`, 'x'] as const)],
}));

const mediaType: fc.Arbitrary<Damage> = badMediaType.map((type) => (request) => ({
  ...request,
  headers: [...request.headers.filter(([name]) => name !== 'Content-Type'), ['Content-Type', type]],
}));

const method: fc.Arbitrary<Damage> = badMethod.map((name) => (request) => ({ ...request, method: name }));

const segment: fc.Arbitrary<Damage> = fc
  .tuple(fc.nat(), badSegment, fc.boolean())
  .map(([at, part, isAdded]) => (request) => {
    const [path = '', ...query] = request.target.split('?');
    const parts = path.split('/');
    parts.splice(1 + (at % parts.length), isAdded ? 0 : 1, part);
    return { ...request, target: [parts.join('/') || '/', ...query].join('?') };
  });

const query: fc.Arbitrary<Damage> = badQuery.map((text) => (request) => ({
  ...request,
  target: `${request.target}${request.target.includes('?') ? '&' : '?'}${text}`,
}));

const form: fc.Arbitrary<Damage> = fc
  .array(
    fc.tuple(fc.constantFrom('image', 'request', 'model', 'options', 'target', '__proto__', ''), badJson, fc.boolean()),
    {
      maxLength: 20,
    },
  )
  .map((parts) => (request) => ({
    ...request,
    headers: [
      ...request.headers.filter(([name]) => name !== 'Content-Type'),
      ['Content-Type', 'multipart/form-data; boundary=b'],
    ],
    body: Buffer.from(
      `${parts.map(([name, text, isFile]) => `--b\r\nContent-Disposition: form-data; name="${name}"${isFile ? '; filename="f"' : ''}\r\n\r\n${text}\r\n`).join('')}--b--\r\n`,
    ),
  }));

const damage: fc.Arbitrary<Damage> = fc.oneof(
  { arbitrary: inJson, weight: 6 },
  { arbitrary: bytes, weight: 2 },
  { arbitrary: header, weight: 3 },
  { arbitrary: form, weight: 2 },
  { arbitrary: segment, weight: 2 },
  { arbitrary: query, weight: 2 },
  { arbitrary: mediaType, weight: 1 },
  { arbitrary: method, weight: 1 },
  { arbitrary: cutOff, weight: 1 },
  { arbitrary: manyHeaders, weight: 1 },
);
