import { ExplainRuntime } from './explainRuntime.ts';
import type { ExplainMessage, ExplainReply, ExplainSetup } from './explainTask.ts';
import { serveTasks } from './serveTasks.ts';
import { workerSetup } from './workerSetup.ts';

const runtime = ExplainRuntime.open(workerSetup<ExplainSetup>());

export default serveTasks<ExplainMessage, ExplainReply>(async (message) => (await runtime).handle(message));
