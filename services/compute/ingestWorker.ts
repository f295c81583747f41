import { LRUCache } from 'lru-cache';
import { decodeImage, type ImageInput } from '../ingestion/decodeImage.ts';
import { secureSharp } from '../ingestion/secureSharp.ts';
import type { IngestReply, IngestSetup, IngestTask } from './ingestTask.ts';
import { serveTasks } from './serveTasks.ts';
import { workerSetup } from './workerSetup.ts';

/** Models whose preprocessing the process remembers. */
const REMEMBERED = 1000;

secureSharp();
const { maxPixels } = workerSetup<IngestSetup>();
const specs = new LRUCache<string, ImageInput>({ max: REMEMBERED });

export default serveTasks<IngestTask, IngestReply>(async (task) => {
  if (task.kind === 'ping') return { kind: 'pong' };
  if (task.spec !== null) specs.set(task.model, task.spec);
  const spec = specs.get(task.model);
  if (spec === undefined) return { kind: 'model-unknown' };
  const started = performance.now();
  const pixels = await decodeImage(task.bytes, spec, { maxPixels });
  return { kind: 'decoded', pixels, decodeMs: performance.now() - started };
});
