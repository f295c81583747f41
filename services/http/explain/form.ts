import type { Multipart, MultipartFile, MultipartValue } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { ElucidError, type Fault, faultAt } from '../../../schemas/errors.ts';
import { invalidRequest } from '../../../schemas/faults.ts';
import { parseJson } from '../parseJson.ts';
import { MAX_FIELD_BYTES } from '../plugins/multipart.ts';

/** The one file field. */
const FILE_FIELD = 'image';

/** The field that may hold all others as one JSON object. */
const REQUEST_FIELD = 'request';

/** The field that is a list: it may be repeated, or hold several words between commas. */
const LIST_FIELD = 'include';

/** What a form can hold beside its texts. */
type FieldValue = unknown;

/**
 * The fields of a form as one object: the file as bytes, texts that look like JSON objects or lists parsed. The form is
 * read to its end in any case, so that the connection stays usable.
 * @throws ElucidError `bad-body`, `too-large` or `invalid` for a form that holds a file or a field twice.
 */
export async function readForm(request: FastifyRequest, maxUploadBytes: number): Promise<Record<string, FieldValue>> {
  refuseAnnouncedSize(request, maxUploadBytes);
  const form = new Form(maxUploadBytes);
  try {
    for await (const part of request.parts()) await form.add(part);
  } catch (error) {
    throw form.refusal() ?? unreadable(error);
  }
  return form.fields();
}

/** Gathers parts, and keeps what is wrong with them until all were read. */
class Form {
  readonly #values = new Map<string, FieldValue>();
  readonly #faults: Fault[] = [];
  readonly #maxUploadBytes: number;
  #refused: ElucidError | null = null;

  constructor(maxUploadBytes: number) {
    this.#maxUploadBytes = maxUploadBytes;
  }

  async add(part: Multipart): Promise<void> {
    if (part.type === 'file') await this.#addFile(part);
    else this.#addText(part);
  }

  /** What was wrong with the parts so far. */
  refusal(): ElucidError | null {
    return this.#refused ?? (this.#faults.length > 0 ? invalidRequest(this.#faults) : null);
  }

  /** @throws ElucidError when anything was wrong */
  fields(): Record<string, FieldValue> {
    const refusal = this.refusal();
    if (refusal !== null) throw refusal;
    const { [REQUEST_FIELD]: request, ...rest } = Object.fromEntries(this.#values);
    if (request === undefined) return rest;
    const beside = Object.keys(rest).find((name) => name !== FILE_FIELD);
    if (beside !== undefined) {
      throw faultAt(
        'invalid',
        `/${beside}`,
        `received both request and ${beside}; allowed are either request, or its fields one by one`,
      );
    }
    if (!isRecord(request)) throw faultAt('invalid', '/request', 'request must be a JSON object');
    return { ...request, ...rest };
  }

  async #addFile({ fieldname, file }: MultipartFile): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of file) chunks.push(chunk);
    if (file.truncated) this.#refuse(tooLarge(`the file ${fieldname} is larger than ${this.#maxUploadBytes} bytes`));
    else if (fieldname !== FILE_FIELD)
      this.#fault(fieldname, `received a file field ${quoted(fieldname)}; the file must be called ${FILE_FIELD}`);
    else this.#put(fieldname, Buffer.concat(chunks));
  }

  #addText({ fieldname, value, valueTruncated, fieldnameTruncated }: MultipartValue): void {
    if (valueTruncated || fieldnameTruncated) {
      this.#refuse(tooLarge(`the field ${fieldname.slice(0, 100)} is larger than ${MAX_FIELD_BYTES} bytes`));
      return;
    }
    try {
      this.#put(fieldname, fieldValue(fieldname, value));
    } catch (error) {
      if (!(error instanceof ElucidError)) throw error;
      this.#refuse(error);
    }
  }

  #put(name: string, value: FieldValue): void {
    const before = this.#values.get(name);
    if (name === LIST_FIELD && Array.isArray(before) && Array.isArray(value)) {
      this.#values.set(name, [...before, ...value]);
    } else if (this.#values.has(name)) {
      const what = name === FILE_FIELD ? 'more than one file' : `the field ${quoted(name)} more than once`;
      this.#fault(name, `received ${what}; allowed is one ${name}`);
    } else this.#values.set(name, value);
  }

  #fault(name: string, detail: string): void {
    this.#faults.push({ pointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, detail });
  }

  #refuse(error: ElucidError): void {
    this.#refused ??= error;
  }
}

/** A text that looks like a JSON object or list is parsed; `request` always is; `include` may be comma-separated. */
function fieldValue(name: string, value: unknown): FieldValue {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (name === REQUEST_FIELD || /^[[{]/.test(text)) return parseField(name, text);
  return name === LIST_FIELD ? text.split(',').map((word) => word.trim()) : text;
}

function parseField(name: string, text: string): unknown {
  return parseJson(text, (fault) => faultAt('bad-body', `/${name}`, `the field ${name} ${fault}`));
}

/** A form that says by itself that it is too large is not read at all. */
function refuseAnnouncedSize(request: FastifyRequest, maxUploadBytes: number): void {
  const announced = Number(request.headers['content-length'] ?? 0);
  const allowed = 2 * (maxUploadBytes + MAX_FIELD_BYTES);
  if (announced > allowed) throw tooLarge(`the body has ${announced} bytes; a file may have ${maxUploadBytes}`);
}

function unreadable(error: unknown): unknown {
  if (error instanceof ElucidError || (error instanceof Error && 'statusCode' in error)) return error;
  const reason = error instanceof Error ? error.message : 'unreadable';
  return new ElucidError('bad-body', `the form cannot be parsed: ${reason}`);
}

function tooLarge(detail: string): ElucidError {
  return new ElucidError('too-large', detail);
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
