import type { Network } from '../../../models/network.ts';
import type { RegisteredModel } from '../../../models/registry/registeredModel.ts';
import type { PrototypeSubject } from '../../prototype/subject.ts';
import { classMeans, codeRange } from '../classMeans.ts';
import type { PrototypeModels } from './prototypeTask.ts';

/** Gets the network of a model. */
export type NetworkOf = (model: RegisteredModel) => Promise<Network>;

/** What prototypes are planned from. @throws ElucidError `model-failed` */
export async function subjectOf(models: PrototypeModels, networkOf: NetworkOf): Promise<PrototypeSubject> {
  const { model, density, generator } = models;
  const means = await classMeans(model);
  const range = await codeRange(model);
  return {
    name: model.manifest.name,
    network: await networkOf(model),
    kind: model.manifest.output.kind,
    box: model.box,
    labels: model.labels,
    classMeans: means?.data ?? null,
    density: density && { name: density.manifest.name, network: await networkOf(density), box: density.box },
    generator: generator && { name: generator.manifest.name, network: await networkOf(generator) },
    codeRange: range?.data ?? null,
  };
}
