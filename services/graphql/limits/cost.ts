import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFieldExtensions,
  type GraphQLNamedType,
  GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';

/** What a field costs; every other one costs nothing. */
export interface FieldCost {
  /** Of the field itself. */
  readonly cost?: number;
  /** How often what is below it may be computed: a number, or the argument that says it. */
  readonly times?: number | { readonly argument: string; readonly fallback: number };
}

/** What an operation costs at least. */
const BASE = 1;

/** The cost of a field for `extensions` of its configuration. */
export function costing(cost: FieldCost): { readonly extensions: GraphQLFieldExtensions<unknown, unknown> } {
  return { extensions: { elucid: cost } };
}

/**
 * The cost of an operation: 1, and what its fields cost, whatever they are called and whether or not `@include` would
 * leave them out; below a list as often as the list may be long. Every fragment is counted once for each place.
 */
export function costOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Readonly<Record<string, unknown>>,
): number {
  const known = new Map<string, number>();

  function ofSelections({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): number {
    return selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + ofField(selection, type);
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + ofFragment(selection.name.value);
      const name = selection.typeCondition?.name.value;
      return sum + ofSelections(selection.selectionSet, name === undefined ? type : schema.getType(name));
    }, 0);
  }

  function ofFragment(name: string): number {
    const fragment = fragments.get(name);
    if (fragment === undefined) return 0;
    const cost = known.get(name);
    if (cost !== undefined) return cost;
    // A cycle ends here; validation refuses it.
    known.set(name, 0);
    const own = ofSelections(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value));
    known.set(name, own);
    return own;
  }

  function ofField(node: FieldNode, parent: GraphQLNamedType | undefined): number {
    if (!(parent instanceof GraphQLObjectType)) return 0;
    const field = parent.getFields()[node.name.value];
    if (field === undefined) return 0;
    const { cost = 0, times = 1 }: FieldCost = field.extensions['elucid'] ?? {};
    const below = node.selectionSet === undefined ? 0 : ofSelections(node.selectionSet, getNamedType(field.type));
    return cost + below * (typeof times === 'number' ? times : argumentOf(node, times, variables));
  }

  return BASE + ofSelections(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined);
}

function argumentOf(
  { arguments: given = [] }: FieldNode,
  { argument, fallback }: { readonly argument: string; readonly fallback: number },
  variables: Readonly<Record<string, unknown>>,
): number {
  const node = given.find(({ name }) => name.value === argument);
  const value = node === undefined ? fallback : valueFromASTUntyped(node.value, variables);
  return typeof value === 'number' && value > 0 ? value : fallback;
}
