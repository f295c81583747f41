import { ElucidError } from '../../schemas/errors.ts';
import type { ExplainRequest, GivenExplainRequest } from '../../schemas/explain.ts';
import type { PrototypeRequest } from '../../schemas/prototype.ts';
import type { Owner } from '../access/principal.ts';
import type { FileStore, StoredFile } from '../files/store.ts';
import { readableFormat } from '../ingestion/readableFormat.ts';

/** Images that were uploaded once to be named in many requests. Those of another owner do not exist. */
export class Uploads {
  readonly #files: FileStore;

  constructor(files: FileStore) {
    this.#files = files;
  }

  /**
   * Keeps an image for a while; the same bytes of the same owner have the same id.
   * @throws ElucidError `unsupported-image` for bytes that are no PNG, JPEG or WebP; `storage-full`
   */
  async put(content: Uint8Array, owner: Owner): Promise<StoredFile> {
    const mediaType = `image/${readableFormat(content)}`;
    return this.#files.put({ kind: 'image', owner, mediaType, content });
  }

  /** @throws ElucidError `unknown-image` */
  async get(id: string, owner: Owner): Promise<Uint8Array> {
    const found = await this.#files.get('image', id);
    if (found !== null && found.file.owner === owner) return found.content;
    throw new ElucidError('unknown-image', `there is no image ${JSON.stringify(id)}, or its time is over`);
  }

  /** The request with the bytes of the image that it names. @throws ElucidError `unknown-image` */
  async resolve({ input, ...rest }: GivenExplainRequest, owner: Owner): Promise<ExplainRequest> {
    if (input.kind !== 'upload') return { ...rest, input };
    return { ...rest, input: { kind: 'image', bytes: await this.get(input.imageId, owner) } };
  }

  /** The same for the place where a search starts. @throws ElucidError `unknown-image` */
  async resolvePrototype(request: PrototypeRequest, owner: Owner): Promise<PrototypeRequest> {
    const { init } = request;
    if (typeof init !== 'object' || init.imageId === undefined) return request;
    return { ...request, init: { image: Buffer.from(await this.get(init.imageId, owner)) } };
  }
}
