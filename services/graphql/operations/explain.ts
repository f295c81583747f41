import type { GraphQLResolveInfo } from 'graphql';
import { parseExplainJson } from '../../../schemas/explain.ts';
import { prepareCommand } from '../../compute/explainCommand.ts';
import type { OperationContext } from '../context.ts';
import { isSelected } from '../isSelected.ts';
import { type ExplanationSource, explanationSource } from '../types/explanation.ts';
import { withoutNulls } from '../withoutNulls.ts';

/** How a picture must be drawn for what the network saw to be kept. */
const WITH_PICTURE = { mode: 'overlay' };

/** `explain(request)`. @throws ElucidError as POST /explain */
export async function explain(
  { request }: { readonly request?: unknown },
  context: OperationContext,
  info: GraphQLResolveInfo,
): Promise<ExplanationSource> {
  const began = performance.now();
  const { service, registry, uploads, principal, requestId, signal, admit, config } = context;
  const drawn = isSelected(info, 'picture');
  const given = parseExplainJson({ ...Object(withoutNulls(request)), render: WITH_PICTURE });
  const parsed = await uploads.resolve(given, principal.owner);
  const model = registry.get(parsed.model, parsed.version);
  const { command, batched } = prepareCommand(parsed, model, { drawn, maxRuns: config.MAX_RUNS });
  const explanation = await service.explain({ ...command, admit }, signal);
  return explanationSource({ requestId, explanation, batched }, performance.now() - began);
}
