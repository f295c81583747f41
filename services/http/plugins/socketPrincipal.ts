import type { FastifyRequest } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';
import { authenticate } from '../../access/authenticate.ts';
import type { Keys } from '../../access/keySources.ts';
import type { Principal } from '../../access/principal.ts';
import { countMiss } from './rateLimits.ts';

/**
 * On whose behalf a WebSocket was opened: by its first message, as browsers let pages send no headers with it, else by the
 * headers it was opened with. Null where a key is needed and none that is valid was shown, which counts as a miss.
 */
export function socketPrincipal(keys: Keys) {
  return async (
    parameters: Readonly<Record<string, unknown>> = {},
    request: FastifyRequest,
  ): Promise<Principal | null> => {
    const shown = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name.toLowerCase(), value]));
    const { authorization, 'x-api-key': key } = request.headers;
    const said = 'authorization' in shown || 'x-api-key' in shown;
    try {
      request.principal = authenticate(keys.ring, said ? shown : { authorization, 'x-api-key': key });
      return request.principal;
    } catch (error) {
      if (!(error instanceof ElucidError)) throw error;
      await countMiss(request);
      return null;
    }
  };
}
