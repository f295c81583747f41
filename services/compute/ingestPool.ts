import type { Pixels } from '../../models/preprocessing/picture.ts';
import type { RegisteredModel } from '../../models/registry/registeredModel.ts';
import { ElucidError } from '../../schemas/errors.ts';
import type { ImageInput } from '../ingestion/decodeImage.ts';
import type { IngestReply, IngestSetup, IngestTask } from './ingestTask.ts';
import { TaskQueue } from './taskQueue.ts';
import type { WatchOptions } from './watchdog.ts';
import { WorkerPool } from './workerPool.ts';
import { workerModule } from './workerSetup.ts';

export interface IngestPoolOptions extends IngestSetup {
  readonly maxQueue: number;
  readonly timeoutMs: number;
  readonly watch: WatchOptions;
}

/** Images that the process decodes at a time, each on a thread of its own. */
const TASKS_PER_WORKER = 2;

export interface Decoded {
  readonly pixels: Pixels;
  readonly decodeMs: number;
}

interface Asked {
  readonly registered: RegisteredModel;
  readonly bytes: Uint8Array;
}

/** The `ingest` process behind its queue: clients' images are decoded there and nowhere else. */
export class IngestPool {
  private readonly pool: WorkerPool<IngestTask, IngestReply>;
  private readonly queue: TaskQueue<Asked, Decoded>;

  constructor({ maxPixels, maxQueue, timeoutMs, watch }: IngestPoolOptions) {
    const module = workerModule('ingestWorker');
    this.pool = new WorkerPool({
      name: 'ingest',
      module,
      watch,
      workers: 1,
      tasksPerWorker: TASKS_PER_WORKER,
      setup: { maxPixels },
      ping: (): IngestTask => ({ kind: 'ping' }),
    });
    this.queue = new TaskQueue({
      slots: TASKS_PER_WORKER,
      maxWaiting: maxQueue,
      maxRows: 1,
      timeoutMs,
      run: (asked) => Promise.all(asked.map((one) => this.decodeNow(one))),
    });
  }

  /**
   * Decodes an image to what a model sees.
   * @throws ElucidError `unsupported-image`, `too-large`, and those of the queue
   */
  async decode(registered: RegisteredModel, bytes: Uint8Array, signal: AbortSignal): Promise<Decoded> {
    const { result } = await this.queue.submit({ registered, bytes }, { key: '', rows: 1, signal });
    return result;
  }

  async ping(): Promise<void> {
    await this.pool.ping();
  }

  async close(): Promise<void> {
    this.queue.close();
    await this.pool.close();
  }

  private async decodeNow({ registered, bytes }: Asked): Promise<Decoded> {
    const task = (spec: ImageInput | null): IngestTask => ({
      kind: 'decode',
      bytes,
      model: registered.fingerprint,
      spec,
    });
    const first = await this.pool.run(task(null));
    const reply = first.kind === 'model-unknown' ? await this.pool.run(task(specOf(registered))) : first;
    if (reply.kind !== 'decoded') throw new Error(`a worker answered ${reply.kind}`);
    return { pixels: reply.pixels, decodeMs: reply.decodeMs };
  }
}

function specOf({ manifest: { input, name } }: RegisteredModel): ImageInput {
  if (input.kind !== 'image') throw new ElucidError('invalid', `${name} takes tensors, not images`);
  return { shape: input.shape, preprocessing: input.preprocessing };
}
