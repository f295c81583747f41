import type { Answer } from './http.ts';

/** What became of the requests of one kind. */
export interface Counts {
  asked: number;
  right: number;
  wrong: number;
  /** No status came. */
  lost: number;
  /** Answers 503 by their codes. */
  readonly refused: Map<string, number>;
  slowestMs: number;
}

/** The codes of 503 that a client has to expect of a service in trouble. */
const STATED: ReadonlySet<string> = new Set(['queue-full', 'deadline', 'worker-lost']);

/** Counts answers, and keeps what must not be. */
export class Tally {
  readonly kinds = new Map<string, Counts>();
  readonly faults: string[] = [];

  of(kind: string): Counts {
    const counts = this.kinds.get(kind) ?? { asked: 0, right: 0, wrong: 0, lost: 0, refused: new Map(), slowestMs: 0 };
    this.kinds.set(kind, counts);
    return counts;
  }

  /** @param why null for a right answer */
  answered(kind: string, ms: number, why: string | null): void {
    const counts = this.seen(kind, ms);
    if (why === null) {
      counts.right += 1;
    } else {
      counts.wrong += 1;
      this.faults.push(`${kind}: ${why}`);
    }
  }

  /** An answer that is no result. @returns seconds after which the client may ask again */
  refused(kind: string, { status, headers, body, ms }: Answer): number {
    const code = status === 503 ? codeOf(body) : `status ${status}`;
    const after = Number(headers['retry-after']);
    const { refused } = this.seen(kind, ms);
    refused.set(code, (refused.get(code) ?? 0) + 1);
    if (!STATED.has(code)) this.faults.push(`${kind}: answered ${status} ${body.toString().slice(0, 300)}`);
    else if (!(after >= 1)) this.faults.push(`${kind}: ${code} without Retry-After`);
    return after >= 1 ? after : 1;
  }

  /** A job that ended without a result. */
  failed(kind: string, ms: number, code: string): void {
    const { refused } = this.seen(kind, ms);
    refused.set(code, (refused.get(code) ?? 0) + 1);
    if (!STATED.has(code)) this.faults.push(`${kind}: failed with ${code}`);
  }

  lost(kind: string, error: unknown): void {
    const counts = this.of(kind);
    counts.asked += 1;
    counts.lost += 1;
    this.faults.push(`${kind}: no answer: ${error instanceof Error ? error.message : String(error)}`);
  }

  sum(field: 'asked' | 'right' | 'wrong' | 'lost'): number {
    return [...this.kinds.values()].reduce((sum, counts) => sum + counts[field], 0);
  }

  refusals(code: string): number {
    return [...this.kinds.values()].reduce((sum, { refused }) => sum + (refused.get(code) ?? 0), 0);
  }

  get slowestMs(): number {
    return Math.max(0, ...[...this.kinds.values()].map(({ slowestMs }) => slowestMs));
  }

  private seen(kind: string, ms: number): Counts {
    const counts = this.of(kind);
    counts.asked += 1;
    counts.slowestMs = Math.max(counts.slowestMs, ms);
    return counts;
  }
}

function codeOf(body: Buffer): string {
  try {
    return String(JSON.parse(body.toString()).code);
  } catch {
    return 'without a code';
  }
}
