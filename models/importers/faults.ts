import { ElucidError } from '../../schemas/errors.ts';

/** Longest list of faults in one message. */
const SHOWN = 100;

/** One layer, or another part of a model's files, cannot be imported. */
export class ImportFault extends Error {
  readonly code = 'import-fault';
}

/** A model's files cannot be imported, for a reason that is no single layer's. */
export function importError(reason: string): ElucidError {
  return new ElucidError('model-failed', reason);
}

/** Collects what is wrong with a model's layers, so that one error can name all of it. */
export class FaultList {
  private readonly faults: string[] = [];

  /** Notes why a layer cannot be imported. */
  add(name: string, type: string, reason: string): void {
    this.faults.push(`${quoted(name)} (${quoted(type)}): ${reason}`);
  }

  /** @throws ElucidError `model-failed` when anything was noted. */
  throwIfAny(): void {
    const count = this.faults.length;
    if (count === 0) return;
    const shown = this.faults.slice(0, SHOWN).join('; ');
    const rest = count > SHOWN ? `; and ${count - SHOWN} more` : '';
    throw importError(`${count} ${count === 1 ? 'layer' : 'layers'} cannot be imported: ${shown}${rest}`);
  }
}

/** A name out of a file, made fit for a message. */
export function quoted(name: string): string {
  const printable = name.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?');
  return printable.length > 128 ? `${printable.slice(0, 125)}...` : printable;
}
