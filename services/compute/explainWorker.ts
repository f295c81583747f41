import { ExplainRuntime } from './explainRuntime.ts';
import type { ExplainReply, ExplainSetup, ExplainTask } from './explainTask.ts';
import { workerSetup } from './workerSetup.ts';

const runtime = ExplainRuntime.open(workerSetup<ExplainSetup>());

/** One task of the `explain` process. */
export default async function explain(task: ExplainTask): Promise<ExplainReply> {
  return (await runtime).handle(task);
}
