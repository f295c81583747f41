import { GraphQLObjectType } from 'graphql';
import type { RegistryEntry } from '../../../models/registry/registeredModel.ts';
import type { Registry } from '../../../models/registry/registry.ts';
import { methodListSchema, modelDetailSchema, modelSummarySchema } from '../../../schemas/models.ts';
import { type ModelSummary, modelSummary } from '../../answers/models.ts';
import type { OperationContext } from '../context.ts';
import { costing } from '../limits/cost.ts';
import type { GraphqlServices } from '../services.ts';
import type { Fields, ZodTypes } from '../zodTypes.ts';

/** What only a model that was loaded tells. */
const detailSchema = modelDetailSchema.omit({ name: true, version: true, state: true, reason: true });

/** Loading a model is work. */
const DETAIL_COST = 2;

/** `Model`: what GET /models lists, and beside it what GET /models/{name} tells. */
export function modelType(types: ZodTypes): GraphQLObjectType {
  return new GraphQLObjectType<ModelSummary, OperationContext>({
    name: 'Model',
    description: 'A network. The fields from versions on load it, if that has not happened yet.',
    fields: () => ({ ...types.fields(modelSummarySchema, 'Model'), ...detailFields(types) }),
  });
}

export function methodListType(types: ZodTypes): GraphQLObjectType {
  return new GraphQLObjectType({
    name: 'MethodList',
    description: 'How relevance can be computed',
    fields: () => types.fields(methodListSchema, 'MethodList'),
  });
}

/** All models, by name, then highest version first. */
export function listModels({ registry, service }: Pick<GraphqlServices, 'registry' | 'service'>): ModelSummary[] {
  return registry.list().map((entry) => modelSummary(entry, service));
}

/** @throws ElucidError `unknown-model` */
export function findModel(
  { registry, service }: Pick<GraphqlServices, 'registry' | 'service'>,
  name: string,
  version: string | null,
): ModelSummary {
  const named = registry.list().filter((entry) => isNamed(entry, name, version));
  const entry = named.find(({ state }) => state === 'registered') ?? named[0];
  return modelSummary(entry ?? registeredAs(registry, name, version), service);
}

/** The registry knows best how to refuse what it does not have. @throws ElucidError `unknown-model` */
function registeredAs(registry: Registry, name: string, version: string | null): RegistryEntry {
  return { state: 'registered', model: registry.get(name, version ?? undefined) };
}

function isNamed(entry: RegistryEntry, name: string, version: string | null): boolean {
  const { name: its, version: itsVersion } = entry.state === 'registered' ? entry.model.manifest : entry;
  return its === name && (version === null || version === itsVersion);
}

function detailFields(types: ZodTypes): Fields {
  return Object.fromEntries(
    Object.entries(types.fields(detailSchema, 'Model')).map(([key, field]) => [
      key,
      {
        ...field,
        ...costing({ cost: DETAIL_COST }),
        resolve: async (source: unknown, _args: unknown, { loaders }: OperationContext) => {
          const { name, version } = source as ModelSummary;
          return Reflect.get(await loaders.details.load({ name, version }), key);
        },
      },
    ]),
  );
}
