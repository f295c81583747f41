import { type Layer, parametersOf } from '../../network.ts';
import { allFinite } from '../../tensors/finite.ts';
import { FaultList } from '../faults.ts';
import type { ImportedNetwork, ImportedOutput } from '../importer.ts';
import { type Draft, type DraftLayer, prune } from './draft.ts';
import { foldAffine } from './foldAffine.ts';
import { foldPadding } from './foldPadding.ts';
import { valuesOf } from './linearAlgebra.ts';
import { findScores } from './output.ts';

/**
 * Turns what an importer built into the form that explanations expect: ends in scores, without layers that do not count
 * for them, batch normalisations and padding folded where that is exact.
 * @throws ElucidError `model-failed`
 */
export function canonicalise(built: Draft, output: ImportedOutput): ImportedNetwork {
  const { draft, outputFunction } = findScores(built, output);
  const folded = foldPadding(foldAffine(prune(draft)));
  return { inputShape: folded.inputShape, layers: layersOf(folded.layers), output: folded.output, outputFunction };
}

function layersOf(drafted: readonly DraftLayer[]): readonly Layer[] {
  const faults = new FaultList();
  const layers: Layer[] = [];
  for (const layer of drafted) {
    if (layer.type === 'probability') {
      faults.add(layer.name, layer.function, 'only supported as the last layer');
    } else {
      if (!hasFiniteParameters(layer))
        faults.add(layer.name, layer.type, 'folding a normalisation into it overflows float32');
      layers.push(layer);
    }
  }
  faults.throwIfAny();
  return layers;
}

function hasFiniteParameters(layer: Layer): boolean {
  return Object.values(parametersOf(layer)).every((tensor) => allFinite(valuesOf(tensor)));
}
