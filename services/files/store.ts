import type { Owner } from '../access/principal.ts';

/** What files are kept for: uploaded images, and drawn pictures that links lead to. */
export const FILE_KINDS = ['image', 'picture'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** A file to be kept for a while. */
export interface NewFile {
  readonly kind: FileKind;
  readonly owner: Owner;
  readonly mediaType: string;
  readonly content: Uint8Array;
}

export interface StoredFile extends Omit<NewFile, 'content'> {
  /** The same kind, owner and content have the same one. */
  readonly id: string;
  /** Of the content, in hexadecimal. */
  readonly sha256: string;
  /** Size of the content. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** Keeps files for a fixed time. What has expired is as if it were gone. */
export interface FileStore {
  /**
   * Keeps a file; one that is there already is kept longer.
   * @throws ElucidError `storage-full`
   */
  put(file: NewFile): Promise<StoredFile>;
  /** null where there is no such file. */
  get(kind: FileKind, id: string): Promise<{ readonly file: StoredFile; readonly content: Uint8Array } | null>;
  /** Forgets what has expired; how many there were. */
  prune(): number;
  close(): void;
}
