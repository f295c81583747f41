import type { RegisteredModel } from '../../models/registry/registeredModel.ts';

/** Tells models apart in a process: versions with the same network may differ in their labels, box or preprocessing. */
export function modelKey({ id, manifest }: RegisteredModel): string {
  return `${id} ${manifest.name} ${manifest.version}`;
}
