import { serveJobs } from '../serveJobs.ts';
import { workerSetup } from '../workerSetup.ts';
import { PrototypeRuntime } from './prototypeRuntime.ts';
import type { PrototypeReply, PrototypeReport, PrototypeSetup, PrototypeTask } from './prototypeTask.ts';

const runtime = PrototypeRuntime.open(workerSetup<PrototypeSetup>());

serveJobs<PrototypeTask, PrototypeReport, PrototypeReply>(async (task, tools) => (await runtime).run(task, tools));
