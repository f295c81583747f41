import { z } from 'zod';
import { JOB_EVENTS, JOB_KINDS, JOB_STATES, jobErrorSchema, jobProgressSchema } from '../../../schemas/jobs.ts';
import type { JobRecord } from '../record.ts';
import type { JobEvent } from '../store.ts';
import type { Row } from './database.ts';

const json = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);

const jobRow = z
  .object({
    id: z.string(),
    kind: z.enum(JOB_KINDS),
    owner: z.string().nullable(),
    state: z.enum(JOB_STATES),
    progress: json(jobProgressSchema),
    created: z.int(),
    started: z.int().nullable(),
    finished: z.int().nullable(),
    expires: z.int().nullable(),
    error: json(jobErrorSchema).nullable(),
    last_event: z.int(),
  })
  .transform(({ last_event, ...job }): JobRecord => ({ ...job, lastEvent: last_event }));

const runRow = z.object({ ran_ms: z.int(), interruptions: z.int() });

const eventRow = z.object({ number: z.int(), type: z.enum(JOB_EVENTS), data: json(z.unknown()) });

const filesRow = z.object({ files: json(z.record(z.string(), z.int().nonnegative())) });

/** Sizes of a job's files, by name. */
export type FileSizes = Readonly<Record<string, number>>;

export function jobOf(row: Row): JobRecord {
  return jobRow.parse(row);
}

export function runOf(row: Row): { readonly ranMs: number; readonly interruptions: number } {
  const { ran_ms, interruptions } = runRow.parse(row);
  return { ranMs: ran_ms, interruptions };
}

export function eventOf(row: Row): JobEvent {
  return eventRow.parse(row);
}

export function filesOf(row: Row): FileSizes {
  return filesRow.parse(row).files;
}
