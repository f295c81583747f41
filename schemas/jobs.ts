import { z } from 'zod';

/** What a job does. */
export const JOB_KINDS = ['prototype', 'explanation'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export const JOB_STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** States that a job never leaves. */
export const ENDED: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'cancelled']);

export const jobProgressSchema = z.object({
  step: z.int().nonnegative(),
  steps: z.int().nonnegative(),
  objective: z.number().nullable().describe('Mean over the prototypes; null where there is none yet'),
  eta_ms: z.number().nonnegative().nullable().describe('Estimated time to the end; null before it can be told'),
});

export const jobErrorSchema = z.object({
  code: z.string().describe('The code that problem details of the same fault would have'),
  detail: z.string(),
});

const time = z.iso.datetime();

/** A job as GET /jobs/{id} shows it. */
export const jobSchema = z
  .object({
    id: z.string(),
    kind: z.enum(JOB_KINDS),
    state: z.enum(JOB_STATES),
    progress: jobProgressSchema,
    created: time,
    started: time.nullable(),
    finished: time.nullable(),
    expires: time.nullable().describe('When the job and its result are forgotten; null while it has not ended'),
    error: jobErrorSchema.nullable(),
  })
  .describe('A long computation');

export type Job = z.output<typeof jobSchema>;
export type JobProgress = z.output<typeof jobProgressSchema>;
export type JobError = z.output<typeof jobErrorSchema>;

/** Types of server-sent events of a job. All but `progress`, `queued` and `running` end the stream. */
export const JOB_EVENTS = ['queued', 'running', 'progress', 'result', 'error', 'cancelled', 'shutdown'] as const;
export type JobEventType = (typeof JOB_EVENTS)[number];
