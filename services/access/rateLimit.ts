import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';

const WINDOW_S = 60;

/** Clients whose points are counted at a time; the one not seen for longest is forgotten first. */
const MAX_CLIENTS = 65_536;

/** What a client may still do. */
export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until all of it is there again. */
  readonly resetS: number;
  /** Whether what was asked for is over it. */
  readonly refused: boolean;
}

/** Points per client and minute: the minute begins with the first of them. Memory is bounded. */
export class RateLimit {
  readonly #limiter: RateLimiterMemory;
  readonly #clients: LRUCache<string, true>;
  readonly #limit: number;

  /** @param limit points per minute, at least 1 */
  constructor(limit: number, maxClients = MAX_CLIENTS) {
    this.#limit = limit;
    this.#limiter = new RateLimiterMemory({ points: limit, duration: WINDOW_S });
    this.#clients = new LRUCache<string, true>({
      max: maxClients,
      dispose: (_, client, reason) => {
        if (reason === 'evict') void this.#limiter.delete(client);
      },
    });
  }

  /** Takes points, if that many are left. What costs more than a whole minute's points is allowed once per minute. */
  async charge(client: string, points: number): Promise<Allowance> {
    this.#clients.set(client, true);
    const cost = Math.min(points, this.#limit);
    try {
      return this.#allowance(await this.#limiter.consume(client, cost), false);
    } catch (refusal) {
      if (refusal instanceof Error) throw refusal;
      return this.#allowance(await this.#limiter.reward(client, cost), true);
    }
  }

  /** What is left; `refused` when nothing is. */
  async left(client: string): Promise<Allowance> {
    const now = await this.#limiter.get(client);
    if (now === null || now.msBeforeNext <= 0) {
      return { limit: this.#limit, remaining: this.#limit, resetS: 0, refused: false };
    }
    return this.#allowance(now, now.consumedPoints >= this.#limit);
  }

  /** How many clients are counted now. */
  get size(): number {
    return this.#clients.size;
  }

  #allowance({ consumedPoints, msBeforeNext }: RateLimiterRes, refused: boolean): Allowance {
    const remaining = Math.max(0, this.#limit - consumedPoints);
    return { limit: this.#limit, remaining, resetS: Math.ceil(msBeforeNext / 1000), refused };
  }
}
