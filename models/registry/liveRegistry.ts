import type { RegisteredModel, RegistryEntry } from './registeredModel.ts';
import type { Registry, RegistrySnapshot } from './registry.ts';

/** A model as it is named to people and clients. */
export interface ModelReference {
  readonly name: string;
  readonly version: string;
}

/** What reading the folders again has changed. */
export interface RegistryChanges {
  readonly added: readonly ModelReference[];
  readonly changed: readonly ModelReference[];
  readonly removed: readonly ModelReference[];
  readonly unchanged: readonly ModelReference[];
  /** All folders that cannot be used now. */
  readonly failed: readonly { readonly name: string; readonly version: string | null; readonly reason: string }[];
}

/** The models there are now. Whoever needs a model for longer keeps what `get` gave: it never changes. */
export class LiveRegistry implements Registry {
  private snapshot: RegistrySnapshot;
  private last: Promise<unknown> = Promise.resolve();
  private next: Promise<RegistryChanges> | null = null;

  constructor(snapshot: RegistrySnapshot) {
    this.snapshot = snapshot;
  }

  list(): readonly RegistryEntry[] {
    return this.snapshot.list();
  }

  /** @throws ElucidError `unknown-model`, `model-failed` */
  get(name: string, version?: string): RegisteredModel {
    return this.snapshot.get(name, version);
  }

  /**
   * Reads the folders again and takes the result in one step. Of several calls at once only one reads at a time, and
   * everybody's reading begins after the call.
   * @throws ElucidError `model-failed` when one of the folders cannot be read: nothing has changed then
   */
  reload(): Promise<RegistryChanges> {
    if (this.next !== null) return this.next;
    const next = this.last.then(() => {
      this.next = null;
      return this.replace();
    });
    this.next = next;
    this.last = next.catch(() => undefined);
    return next;
  }

  /** Has the files of a model hashed anew by the next reload, although they look unchanged. */
  distrust(model: RegisteredModel): void {
    this.snapshot.distrust(model);
  }

  private async replace(): Promise<RegistryChanges> {
    const before = this.snapshot;
    const after = await before.reload();
    this.snapshot = after;
    return changesOf(modelsOf(before), modelsOf(after), after.list());
  }
}

/** The models of a registry that can be used. */
export function modelsOf(registry: Registry): readonly RegisteredModel[] {
  return registry.list().flatMap((entry) => (entry.state === 'registered' ? [entry.model] : []));
}

function changesOf(
  before: readonly RegisteredModel[],
  after: readonly RegisteredModel[],
  entries: readonly RegistryEntry[],
): RegistryChanges {
  const old = new Map(before.map((model) => [keyOf(model), model.fingerprint]));
  const present = new Set(after.map(keyOf));
  const known = after.filter((model) => old.has(keyOf(model)));
  const isSame = (model: RegisteredModel) => old.get(keyOf(model)) === model.fingerprint;
  return {
    added: after.filter((model) => !old.has(keyOf(model))).map(referenceTo),
    changed: known.filter((model) => !isSame(model)).map(referenceTo),
    removed: before.filter((model) => !present.has(keyOf(model))).map(referenceTo),
    unchanged: known.filter(isSame).map(referenceTo),
    failed: entries.flatMap((entry) =>
      entry.state === 'failed' ? [{ name: entry.name, version: entry.version, reason: entry.reason }] : [],
    ),
  };
}

function referenceTo({ manifest: { name, version } }: RegisteredModel): ModelReference {
  return { name, version };
}

function keyOf({ manifest: { name, version } }: RegisteredModel): string {
  return `${name} ${version}`;
}
