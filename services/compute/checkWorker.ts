import { constants, setPriority } from 'node:os';
import { TensorStore } from '../../models/tensors/store.ts';
import { damagedTensors } from '../../models/tensors/verification.ts';
import type { CheckReply, CheckSetup, CheckTask } from './checkTask.ts';
import { serveTasks } from './serveTasks.ts';
import { workerSetup } from './workerSetup.ts';

const { cacheDir, bytesPerSecond } = workerSetup<CheckSetup>();
// Everything else comes before it.
setPriority(constants.priority.PRIORITY_LOW);

export default serveTasks<CheckTask, CheckReply>(async ({ folder }) => {
  if (folder === null) return { damaged: [] };
  return { damaged: await damagedTensors(await TensorStore.open(cacheDir), folder, bytesPerSecond) };
});
