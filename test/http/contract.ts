import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

type Json = Record<string, unknown>;

/** What a client saw of an answer. */
export interface SeenAnswer {
  readonly method: string;
  /** Of the request, with its query. */
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** An operation of the document. */
export interface DocumentedOperation {
  readonly method: string;
  readonly path: string;
  readonly operation: Json;
}

/** Headers that carry something of ours: one that is sent is documented. */
const OUR_HEADERS =
  /^(x-(prediction|target|score|relevance|conservation|request).*|location|retry-after|preference-applied|ratelimit.*|allow|inference-header-content-length|www-authenticate|content-disposition|server-timing)$/;

/** What is not in the document on purpose: the document itself, the page that shows it, and GraphQL, which has a schema of its own. */
export const HIDDEN = /^\/(docs(\/.*)?|openapi\.json|graphql)$/;

const PROBLEM = 'application/problem+json';
const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

/** Judges answers by an OpenAPI document: status, media type, headers and JSON must be what it says. */
export class Contract {
  readonly document: Json;
  readonly operations: readonly DocumentedOperation[];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  readonly #validators = new Map<unknown, ValidateFunction>();

  constructor(document: Json) {
    this.document = document;
    formats.default(this.#ajv);
    this.#ajv.addSchema(document, 'openapi.json');
    this.operations = Object.entries(document['paths'] as Record<string, Json>).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => ({
        method,
        path,
        operation: item[method] as Json,
      })),
    );
  }

  /** What an answer has that the document does not say; empty for a good one. */
  faults({ method, url, status, headers, body }: SeenAnswer): string[] {
    const path = (url.split('?', 1)[0] ?? '').replaceAll(/%3A/gi, ':');
    const seen = `${method} ${path.slice(0, 100)} ${status}`;
    // Nobody is left to see a 499.
    if (status === 499 || method === 'OPTIONS' || HIDDEN.test(path)) return [];
    const responses = this.#responses(method, path, status);
    if (responses === null) return this.#problemFaults(body, headers).map((fault) => `${seen}: ${fault}`);
    if (responses.length === 0) return [`${seen}: the status is not documented`];
    const all = responses.map((response) => this.#answerFaults(response, headers, method === 'HEAD' ? null : body));
    return (all.find((faults) => faults.length === 0) ?? all[0] ?? []).map((fault) => `${seen}: ${fault}`);
  }

  /** What is wrong with a value that a schema of the document describes. */
  schemaFaults(schema: unknown, value: unknown): string[] {
    const validate = this.#validators.get(schema) ?? this.#ajv.compile(this.#located(schema));
    this.#validators.set(schema, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).slice(0, 5).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  /** The object that a reference leads to. */
  resolve(value: unknown): Json {
    const { $ref } = value as { $ref?: string };
    if ($ref === undefined) return value as Json;
    const parts = $ref.replace(/^#\//, '').split('/');
    return this.resolve(parts.reduce<unknown>((at, part) => (at as Json)[part], this.document));
  }

  /** The answers that could be meant; null where the path or its method is not documented. */
  #responses(method: string, path: string, status: number): Json[] | null {
    const fitting = this.operations.filter((one) => pathPattern(one.path).test(path));
    // The most literal path counts: /v1/models/{name}:predict before /v1/models/{name}.
    const literal = Math.max(...fitting.map((one) => literalLength(one.path)));
    const named = fitting.filter((one) => literalLength(one.path) === literal);
    if (named.length === 0) return null;
    const wanted = method === 'HEAD' ? 'get' : method.toLowerCase();
    const own = named.filter((one) => one.method === wanted);
    const meant = own.length === 0 ? named : own;
    return meant.flatMap(({ operation }) => {
      const response = (operation['responses'] as Json)[String(status)];
      return response === undefined ? [] : [this.resolve(response)];
    });
  }

  #answerFaults(response: Json, headers: SeenAnswer['headers'], body: Buffer | null): string[] {
    const documented = Object.keys((response['headers'] ?? {}) as Json).map((name) => name.toLowerCase());
    const foreign = Object.keys(headers).filter(
      (name) => OUR_HEADERS.test(name.toLowerCase()) && !documented.includes(name.toLowerCase()),
    );
    return [
      ...foreign.map((name) => `the header ${name} is not documented`),
      ...(body === null ? [] : this.#contentFaults((response['content'] ?? {}) as Json, headers, body)),
    ];
  }

  #contentFaults(content: Json, headers: SeenAnswer['headers'], body: Buffer): string[] {
    const type = mediaTypeOf(headers);
    if (type === '') return body.length === 0 ? [] : ['a body without a type'];
    const media = content[type] as { schema?: unknown } | undefined;
    if (media === undefined) return [`the media type ${type} is not documented`];
    if (!/json$/.test(type) || headers['content-encoding'] !== undefined) return [];
    return this.schemaFaults(media.schema, JSON.parse(body.toString('utf8')));
  }

  #problemFaults(body: Buffer, headers: SeenAnswer['headers']): string[] {
    const type = mediaTypeOf(headers);
    if (type !== PROBLEM) return [`outside the document all answers are problems, this one is ${type || 'untyped'}`];
    if (body.length === 0) return [];
    return this.schemaFaults({ $ref: '#/components/schemas/Problem' }, JSON.parse(body.toString('utf8')));
  }

  /** References of the document begin at its root. */
  #located(schema: unknown): Json {
    return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.json#/')) as Json;
  }
}

function mediaTypeOf(headers: SeenAnswer['headers']): string {
  return (
    String(headers['content-type'] ?? '')
      .split(';', 1)[0]
      ?.trim() ?? ''
  );
}

function literalLength(path: string): number {
  return path.replaceAll(/\{\w+\}/g, '').length;
}

function pathPattern(path: string): RegExp {
  const escaped = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${escaped}$`);
}
