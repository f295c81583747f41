import createClient, { type Client, type ClientOptions } from 'openapi-fetch';
import { type Job, type Waiting, waitForJob } from './jobs.ts';
import { readNpy, type Tensor } from './npy.ts';
import { unwrap } from './problem.ts';
import type { components, operations, paths } from './schema.ts';
import { type Scores, scoresOf } from './scores.ts';

type Explanation = components['schemas']['Explanation'];
type Prototypes = components['schemas']['Prototypes'];
type JsonBody<Operation extends { requestBody?: { content: object } }> = NonNullable<
  Operation['requestBody']
>['content'] extends { 'application/json': infer Body }
  ? Body
  : never;

/** A request of POST /explain, without its input. */
export type ExplainSettings = Omit<JsonBody<operations['explain']>, 'input'>;
export type ExplainInput = JsonBody<operations['explain']>['input'];
export type PrototypeRequest = JsonBody<operations['createPrototype']>;

export type PictureType = 'image/png' | 'image/webp' | 'image/avif' | 'image/jpeg';

export interface ElucidOptions extends ClientOptions {
  /** http://host:port */
  readonly baseUrl: string;
  /** An API key, where the service has keys. */
  readonly key?: string;
}

/** A client of one service. */
export interface Elucid {
  /** Every operation of the service, typed by its OpenAPI document (openapi-fetch). */
  readonly api: Client<paths>;
  /** Why the network decides so. @throws ProblemError, as all of these */
  explain(settings: ExplainSettings, input: Blob | ExplainInput): Promise<Explanation>;
  /** The drawn relevance, and the scores. */
  explainPicture(
    settings: ExplainSettings,
    input: Blob | ExplainInput,
    type?: PictureType,
  ): Promise<{ picture: Blob; scores: Scores }>;
  /** The relevance itself, and the scores. */
  relevance(settings: ExplainSettings, input: Blob | ExplainInput): Promise<{ relevance: Tensor; scores: Scores }>;
  /** Starts the search for what the network finds typical. */
  createPrototype(request: PrototypeRequest): Promise<Job>;
  /** Waits for the end of a job by its events; `onProgress` hears of every one. @returns the job that has ended, however it did */
  waitForJob(id: string, waiting?: Waiting): Promise<Job>;
  /** The prototypes that a job found. */
  prototypes(jobId: string): Promise<Prototypes>;
  /** The result of a job as a picture. */
  jobPicture(jobId: string, type?: PictureType): Promise<Blob>;
  /** The filters of a convolution that sees the input: [filters, channels, height, width]. */
  filters(model: string, layer: string): Promise<Tensor>;
}

/** Makes a client; nothing is sent yet. */
export function createElucid({ key, ...options }: ElucidOptions): Elucid {
  const headers =
    key === undefined ? options.headers : { ...headersOf(options.headers), authorization: `Bearer ${key}` };
  const api = createClient<paths>({ ...options, ...(headers === undefined ? {} : { headers }) });
  return {
    api,
    explain: async (settings, input) =>
      unwrap(await ask(api, settings, input, 'application/json', 'json')) as Explanation,
    explainPicture: async (settings, input, type = 'image/png') => {
      const answer = await ask(api, settings, input, type, 'blob');
      return { picture: unwrap(answer) as Blob, scores: scoresOf(answer.response.headers) };
    },
    relevance: async (settings, input) => {
      const answer = await ask(api, settings, input, 'application/x-npy', 'arrayBuffer');
      return { relevance: readNpy(unwrap(answer) as ArrayBuffer), scores: scoresOf(answer.response.headers) };
    },
    createPrototype: async (body) => unwrap(await api.POST('/prototype', { body })) as Job,
    waitForJob: (id, waiting = {}) => waitForJob(api, id, waiting),
    prototypes: async (id) => unwrap(await api.GET('/jobs/{id}/result', { params: { path: { id } } })) as Prototypes,
    jobPicture: async (id, accept = 'image/png') => {
      const path = { id };
      return unwrap(await api.GET('/jobs/{id}/result', { params: { path }, headers: { accept }, parseAs: 'blob' }));
    },
    filters: async (name, layer) => {
      const answer = await api.GET('/models/{name}/layers/{layer}/filters', {
        params: { path: { name, layer } },
        headers: { accept: 'application/x-npy' },
        parseAs: 'arrayBuffer',
      });
      return readNpy(unwrap(answer));
    },
  };
}

/** POST /explain: a picture as a form, everything else as JSON. */
function ask(
  api: Client<paths>,
  settings: ExplainSettings,
  input: Blob | ExplainInput,
  accept: string,
  parseAs: 'json' | 'blob' | 'arrayBuffer',
) {
  const headers = { accept };
  if (!(input instanceof Blob)) return api.POST('/explain', { body: { ...settings, input }, headers, parseAs });
  const form = new FormData();
  form.append('request', JSON.stringify(settings));
  form.append('image', input);
  return api.POST('/explain', { body: { ...settings, input: {} }, bodySerializer: () => form, headers, parseAs });
}

function headersOf(headers: ClientOptions['headers']): Record<string, unknown> {
  return typeof headers === 'object' && headers !== null ? { ...headers } : {};
}
