import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ElucidError } from '../../../schemas/errors.ts';
import { networkOf } from '../../access/clientAddress.ts';
import { type Allowance, RateLimit } from '../../access/rateLimit.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Counts what clients miss; null where any number is allowed. */
    misses: RateLimit | null;
    spending: Spending;
  }
  interface FastifyContextConfig {
    /** Points that a request costs at once; default: 1. */
    readonly cost?: number;
  }
}

/** What a request has spent. */
interface Spending {
  readonly limit: RateLimit | null;
  allowance: Allowance | null;
  rows: number;
}

/** Points of a job. */
export const JOB_COST = 20;

/** Network rows that a point buys; the first so many are in the price of the request itself. */
const ROWS_PER_POINT = 64;

/** Statuses that come of trying what there is. */
const MISSES: ReadonlySet<number> = new Set([401, 403, 404, 421]);

/** Who spends: the key, or without one everybody behind an address. */
export function spenderOf({ principal, ip }: Pick<FastifyRequest, 'principal' | 'ip'>): string {
  return principal.owner === null ? `address ${networkOf(ip)}` : `key ${principal.owner}`;
}

/**
 * Refuses who has missed too often of late, before it is told whether this is another miss.
 * @param perMinute 0 for any number
 */
export function limitMisses(app: FastifyInstance, perMinute: number): void {
  app.decorateRequest('misses', null);
  if (perMinute === 0) return;
  const misses = new RateLimit(perMinute);
  app.addHook('onRequest', async (request, reply) => {
    request.misses = misses;
    // Probes of whoever runs the service may come from the address of those who miss.
    if (request.routeOptions.config.cost === 0) return;
    const left = await misses.left(spenderOf(request));
    if (left.refused)
      refuse(reply, left, `${perMinute} requests in a minute were for what is not there or not allowed`);
  });
  app.addHook('onResponse', async (request, reply) => {
    if (MISSES.has(reply.statusCode)) await countMiss(request);
  });
}

/** Counts that a client asked for what is not there or not allowed. */
export async function countMiss(request: FastifyRequest): Promise<void> {
  await request.misses?.charge(spenderOf(request), 1);
}

/**
 * Lets every key, or address without one, spend so many points a minute, and tells in headers how many are left.
 * @param perMinute 0 for any number
 */
export function limitRates(app: FastifyInstance, perMinute: number): void {
  const limit = perMinute === 0 ? null : new RateLimit(perMinute);
  app.decorateRequest('spending');
  app.addHook('onRequest', async (request) => {
    request.spending = { limit, allowance: null, rows: 0 };
    await charge(request, request.routeOptions.config.cost ?? 1);
  });
  app.addHook('onSend', async ({ spending }, reply) => {
    // A request that was refused by an earlier hook has none.
    const allowance = spending?.allowance ?? null;
    if (allowance === null) return;
    tell(reply, allowance);
    if (allowance.refused) reply.header('retry-after', allowance.resetS);
  });
}

/**
 * Spends points of a request's client, beside those of its route.
 * @throws ElucidError `rate-limited`
 */
export async function charge(request: FastifyRequest, points: number): Promise<void> {
  const { spending } = request;
  if (spending.limit === null || points === 0) return;
  spending.allowance = await spending.limit.charge(spenderOf(request), points);
  if (!spending.allowance.refused) return;
  const { limit, remaining, resetS } = spending.allowance;
  throw limited(`this costs ${points} of ${limit} points a minute, of which ${remaining} are left`, resetS);
}

/**
 * Spends what network rows cost beyond those in the price of the request, for all that the request has asked for so far.
 * @throws ElucidError `rate-limited`
 */
export async function chargeRows(request: FastifyRequest, rows: number): Promise<void> {
  const { spending } = request;
  const before = pointsOf(spending.rows);
  spending.rows += rows;
  await charge(request, pointsOf(spending.rows) - before);
}

/** Points for rows, one per request being paid already. */
function pointsOf(rows: number): number {
  return Math.max(0, Math.ceil(rows / ROWS_PER_POINT) - 1);
}

function refuse(reply: FastifyReply, { resetS }: Allowance, detail: string): never {
  reply.header('retry-after', resetS);
  throw limited(detail, resetS);
}

function limited(detail: string, resetS: number): ElucidError {
  return new ElucidError('rate-limited', `${detail}; allowed again in ${resetS} s`);
}

function tell(reply: FastifyReply, { limit, remaining, resetS }: Allowance): void {
  reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining, 'ratelimit-reset': resetS });
}
