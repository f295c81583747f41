import { LRUCache } from 'lru-cache';
import { decodeImage } from '../ingestion/decodeImage.ts';
import { secureSharp } from '../ingestion/secureSharp.ts';
import type { ImageSpec, IngestReply, IngestSetup, IngestTask } from './ingestTask.ts';
import { workerSetup } from './workerSetup.ts';

/** Models whose preprocessing the process remembers: a mean image has a few hundred kilobytes. */
const REMEMBERED = 100;

secureSharp();
const { maxPixels } = workerSetup<IngestSetup>();
const specs = new LRUCache<string, ImageSpec>({ max: REMEMBERED });

/** One task of the `ingest` process. */
export default async function ingest(task: IngestTask): Promise<IngestReply> {
  if (task.kind === 'ping') return { kind: 'pong' };
  if (task.spec !== null) specs.set(task.model, task.spec);
  const spec = specs.get(task.model);
  if (spec === undefined) return { kind: 'model-unknown' };
  const started = performance.now();
  const { shape, preprocessing, mean } = spec;
  const input = mean === null ? { shape, preprocessing } : { shape, preprocessing, mean };
  const image = await decodeImage(task.bytes, input, { maxPixels }, { picture: task.picture });
  return { kind: 'decoded', image, decodeMs: performance.now() - started };
}
