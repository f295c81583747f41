import { ExplainRuntime } from './explainRuntime.ts';
import type { ExplainMessage, ExplainReply, ExplainSetup } from './explainTask.ts';
import { workerSetup } from './workerSetup.ts';

const runtime = ExplainRuntime.open(workerSetup<ExplainSetup>());

/** One task of the `explain` process. */
export default async function explain(message: ExplainMessage): Promise<ExplainReply> {
  return (await runtime).handle(message);
}
