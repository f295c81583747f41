/** Whose something is: the id of an API key, or null where nobody needs one. What belongs to another owner does not exist. */
export type Owner = string | null;

/** Everybody, as long as nobody needs a key. */
export const ANYBODY: Owner = null;

/** On whose behalf a request is made. */
export interface Principal {
  /** Owns the jobs, results and images that the request makes, and sees no others. */
  readonly owner: Owner;
  /** Whether it may administer the service. */
  readonly admin: boolean;
}

/** Who shows no key where none is needed. */
export const ANONYMOUS: Principal = { owner: ANYBODY, admin: false };
