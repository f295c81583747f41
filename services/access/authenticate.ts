import { ElucidError } from '../../schemas/errors.ts';
import type { KeyRing } from './keyRing.ts';
import { ANONYMOUS, type Principal } from './principal.ts';

/** Names and values as a client sent them: headers, or the parameters of a WebSocket's first message. */
export type Credentials = Readonly<Record<string, unknown>>;

const HOW = 'show a key as "Authorization: Bearer KEY" or as "X-API-Key: KEY"';

/**
 * On whose behalf a client acts.
 * @param credentials `authorization: Bearer KEY` or `x-api-key: KEY`, in any case
 * @throws ElucidError `unauthorized` without a key where one is needed, and for a wrong one wherever there are keys
 */
export function authenticate(ring: KeyRing, credentials: Credentials): Principal {
  if (ring.isEmpty) return ANONYMOUS;
  const shown = shownKey(credentials);
  if (shown === null) {
    if (ring.required) throw new ElucidError('unauthorized', `received no key; ${HOW}`);
    return ANONYMOUS;
  }
  const principal = ring.identify(shown);
  if (principal === null) throw new ElucidError('unauthorized', `received a key that is not valid; ${HOW}`);
  return principal;
}

/** Authorization of another scheme is somebody else's: of a proxy, for example. */
function shownKey(credentials: Credentials): string | null {
  const [, bearer = null] = /^bearer +(\S+)$/i.exec(textOf(credentials, 'authorization') ?? '') ?? [];
  const plain = textOf(credentials, 'x-api-key');
  if (bearer !== null && plain !== null && bearer !== plain) {
    throw new ElucidError('unauthorized', `received two different keys; ${HOW}`);
  }
  return bearer ?? plain;
}

function textOf(credentials: Credentials, name: string): string | null {
  const [, value] = Object.entries(credentials).find(([given]) => given.toLowerCase() === name) ?? [];
  return typeof value === 'string' ? value.trim() : null;
}
