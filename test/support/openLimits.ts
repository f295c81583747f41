import type { AppDependencies } from '../../services/app.ts';

/** Limits that no test meets by chance. */
export const OPEN_LIMITS = {
  RATE_LIMIT: 0,
  MISS_LIMIT: 0,
  ALLOWED_HOSTS: ['*'],
  CORS_ORIGINS: undefined,
  MAX_CONNECTIONS: 1000,
  REQUEST_TIMEOUT_MS: 60_000,
  RESPONSE_TIMEOUT_MS: 60_000,
} satisfies Partial<AppDependencies['config']>;
