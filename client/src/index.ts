export { createElucid, type Elucid, type ElucidOptions, type ExplainSettings, type PictureType } from './elucid.ts';
export { readEvents, type ServerEvent } from './events.ts';
export type { Job, Waiting } from './jobs.ts';
export { readNpy, type Tensor } from './npy.ts';
export { type Problem, ProblemError, unwrap } from './problem.ts';
export type { components, operations, paths } from './schema.ts';
export type { Scores } from './scores.ts';
