import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql';

/** How large an operation may be when all its fragments are written out. */
export interface SizeLimits {
  readonly maxFields: number;
  readonly maxDepth: number;
}

interface Size {
  readonly fields: number;
  readonly depth: number;
}

const NOTHING: Size = { fields: 0, depth: 0 };

/**
 * Refuses operations with more fields, or deeper ones, than allowed. A field counts as often as it is written, under
 * whatever alias, and a fragment at each of its places; every fragment is looked at once, so that none can be made that
 * takes long. A cycle of fragments ends where it closes: another rule refuses it.
 */
export function sizeRule({ maxFields, maxDepth }: SizeLimits): ValidationRule {
  return (context) => ({
    Document(document) {
      const fragments = fragmentsOf(document);
      const known = new Map<string, Size>();
      for (const node of document.definitions) {
        if (node.kind !== Kind.OPERATION_DEFINITION) continue;
        const { fields, depth } = sizeOf(node.selectionSet, fragments, known);
        const refuse = (detail: string) => context.reportError(new GraphQLError(detail, { nodes: node }));
        if (fields > maxFields) refuse(`The operation has ${fields} fields; allowed are ${maxFields}`);
        if (depth > maxDepth) refuse(`The operation is ${depth} fields deep; allowed are ${maxDepth}`);
      }
      // Nothing inside is looked at again.
      return false;
    },
  });
}

export function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );
}

function sizeOf(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  known: Map<string, Size>,
): Size {
  const ofFragment = (name: string): Size => {
    const size = known.get(name);
    const fragment = fragments.get(name);
    if (size !== undefined || fragment === undefined) return size ?? NOTHING;
    known.set(name, NOTHING);
    const own = sizeOf(fragment.selectionSet, fragments, known);
    known.set(name, own);
    return own;
  };
  let fields = 0;
  let depth = 0;
  for (const selection of selections) {
    const isField = selection.kind === Kind.FIELD;
    const below =
      selection.kind === Kind.FRAGMENT_SPREAD
        ? ofFragment(selection.name.value)
        : selection.selectionSet === undefined
          ? NOTHING
          : sizeOf(selection.selectionSet, fragments, known);
    fields += below.fields + (isField ? 1 : 0);
    depth = Math.max(depth, below.depth + (isField ? 1 : 0));
  }
  return { fields, depth };
}
