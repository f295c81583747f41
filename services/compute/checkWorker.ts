import { constants, setPriority } from 'node:os';
import { TensorStore } from '../../models/tensors/store.ts';
import { damagedTensors } from '../../models/tensors/verification.ts';
import type { CheckReply, CheckSetup, CheckTask } from './checkTask.ts';
import { workerSetup } from './workerSetup.ts';

const { cacheDir, bytesPerSecond } = workerSetup<CheckSetup>();
setPriority(constants.priority.PRIORITY_LOW);

/** One task of the `check` process, which has the lowest priority of all. */
export default async function check({ folder }: CheckTask): Promise<CheckReply> {
  if (folder === null) return { damaged: [] };
  return { damaged: await damagedTensors(await TensorStore.open(cacheDir), folder, bytesPerSecond) };
}
