import { Agent, request } from 'node:http';

/** One kind of request, its body written once. */
export interface Question {
  readonly title: string;
  readonly accept: string;
  readonly body: Buffer;
}

export interface Answer {
  readonly body: Buffer;
  /** From the first byte out to the last byte in. */
  readonly ms: number;
}

/** POST /explain over one connection that stays open, one request at a time. */
export class Client {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  private readonly url: URL;

  constructor(url: string) {
    this.url = new URL('/explain', url);
  }

  /** @throws Error for any answer but 200 */
  ask({ accept, body }: Question): Promise<Answer> {
    const headers = { 'content-type': 'application/json', 'content-length': body.length, accept };
    return new Promise((resolve, reject) => {
      const started = performance.now();
      const asked = request(this.url, { method: 'POST', agent: this.agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const ms = performance.now() - started;
          const answer = Buffer.concat(chunks);
          if (response.statusCode === 200) resolve({ body: answer, ms });
          else reject(new Error(`POST /explain answered ${response.statusCode}: ${answer.toString()}`));
        });
      });
      asked.once('error', reject);
      asked.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
