import { createHmac, timingSafeEqual } from 'node:crypto';
import { ElucidError } from '../../schemas/errors.ts';
import type { Owner } from '../access/principal.ts';
import type { FileStore } from '../files/store.ts';

/** How long a link leads to its picture. */
export const LINK_MS = 10 * 60_000;

/** A link and its end. */
export interface PictureLink {
  /** Path and query; absolute, without the origin. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export interface LinkedPicture extends Pick<PictureLink, 'expires'> {
  readonly mediaType: string;
  readonly content: Uint8Array;
}

const TOKEN = /^([A-Za-z0-9_-]{32})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/;

/**
 * Links to pictures that whoever has them can follow for a while, without a key, as an <img> does:
 * `/pictures/{id}.{end}.{HMAC-SHA-256 of both}`.
 */
export class PictureLinks {
  readonly #files: FileStore;
  readonly #secret: Uint8Array;
  readonly #now: () => number;

  /** @param secret signs the links */
  constructor(files: FileStore, secret: Uint8Array, now: () => number = Date.now) {
    this.#files = files;
    this.#secret = secret;
    this.#now = now;
  }

  /** Keeps a picture and links to it. @throws ElucidError `storage-full` */
  async link(content: Uint8Array, mediaType: string, owner: Owner): Promise<PictureLink> {
    const { id } = await this.#files.put({ kind: 'picture', owner, mediaType, content });
    const expires = this.#now() + LINK_MS;
    const signed = `${id}.${expires.toString(36)}`;
    return { path: `/pictures/${signed}.${this.#mac(signed)}`, expires };
  }

  /** @throws ElucidError `unknown-picture` for a link that is over, was changed or never made */
  async follow(token: string): Promise<LinkedPicture> {
    const [, id = '', end = '', mac = ''] = TOKEN.exec(token) ?? [];
    const expires = Number.parseInt(end, 36);
    const given = Buffer.from(mac);
    const signature = Buffer.from(this.#mac(`${id}.${end}`));
    const valid = given.length === signature.length && timingSafeEqual(given, signature) && expires > this.#now();
    const found = valid ? await this.#files.get('picture', id) : null;
    if (found !== null) return { mediaType: found.file.mediaType, content: found.content, expires };
    throw new ElucidError('unknown-picture', 'there is no such picture, or the time of its link is over');
  }

  #mac(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url');
  }
}
