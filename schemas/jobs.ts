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
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).describe('Faults of the request, if any'),
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
  .meta({ id: 'Job', description: 'A long computation' });

export type Job = z.output<typeof jobSchema>;
export type JobProgress = z.output<typeof jobProgressSchema>;
export type JobError = z.output<typeof jobErrorSchema>;

/** Types of server-sent events of a job. All but `progress`, `queued` and `running` end the stream. */
export const JOB_EVENTS = ['queued', 'running', 'progress', 'result', 'error', 'cancelled', 'shutdown'] as const;
export type JobEventType = (typeof JOB_EVENTS)[number];

/** Events after which a job has nothing more to tell. */
export const LAST_EVENTS: ReadonlySet<JobEventType> = new Set(['result', 'error', 'cancelled']);

/** GET /jobs: newest first. */
export const jobListSchema = z
  .object({
    jobs: z.array(jobSchema),
    next: z.string().nullable().describe('The cursor of the next page; null on the last one'),
  })
  .meta({ id: 'JobList' });

/** Most jobs of one page. */
const MAX_PAGE = 200;

export const jobListQuerySchema = z.strictObject({
  state: z.enum(JOB_STATES).optional().describe('Only jobs in this state'),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50).describe('Most jobs of a page'),
  cursor: z.string().min(1).max(100).optional().describe('`next` of the page before'),
});

export const jobParamsSchema = z.object({ id: z.string().describe('As in the header Location of the answer') });

const eventNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'must be the number of an event')
  .transform(Number);

export const jobEventsQuerySchema = z.strictObject({
  last_event_id: eventNumber
    .optional()
    .describe('Number of the last event that was seen, where the header Last-Event-ID cannot be set'),
});

export const jobEventsHeadersSchema = z.looseObject({
  'last-event-id': eventNumber
    .optional()
    .describe('Number of the last event that was seen: the stream goes on after it'),
});

/** Longest idempotency key. */
export const MAX_KEY_LENGTH = 255;
