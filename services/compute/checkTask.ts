/** Which folder of the tensor store is to be verified; null: none. */
export interface CheckTask {
  readonly folder: string | null;
}

/** The names of the folder's files whose values are not those that were written. */
export interface CheckReply {
  readonly damaged: readonly string[];
}

/** What a check worker is started with. */
export interface CheckSetup {
  readonly cacheDir: string;
  /** How fast files are read at most. */
  readonly bytesPerSecond: number;
}
