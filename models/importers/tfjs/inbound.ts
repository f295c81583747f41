import { z } from 'zod';
import { quoted } from '../faults.ts';

/** How a layer of a functional model is wired. */
export interface Inbound {
  /** Names of the layers that it reads. */
  readonly inbound: readonly string[];
  /** What is not supported of the wiring. */
  readonly fault: string | null;
}

/** Name of a layer. */
export const name = z.string().min(1).max(256);

/** [layer, node, tensor]: an output of a call of a layer. */
const referenceSchema = z.tuple([name, z.int(), z.int()]).rest(z.unknown());

/** One such reference, or a list of them. */
export const referencesSchema = z.union([z.array(referenceSchema).min(1), referenceSchema.transform((one) => [one])]);

type Reference = z.output<typeof referenceSchema>;

/** Keras 3's form of a reference. */
const tensorSchema = z
  .object({ class_name: z.literal('__keras_tensor__'), config: z.object({ keras_history: referenceSchema }) })
  .transform(({ config }) => config.keras_history);

/** One call in Keras 3: a layer's positional arguments, each a tensor or a list of them, and named ones. */
const callSchema = z.object({ args: z.array(z.unknown()), kwargs: z.record(z.string(), z.unknown()).default({}) });
const argumentSchema = z.union([
  tensorSchema.transform((one) => [one]),
  z.array(tensorSchema).min(1),
  z.null().transform(() => []),
]);

/**
 * Reads `inbound_nodes`, which holds one entry for every time that the layer is called: a list of
 * [layer, node, tensor, options] in Keras 2, `args` and `kwargs` in Keras 3.
 */
export function readInbound(nodes: readonly unknown[]): Inbound {
  const [node, ...others] = nodes;
  if (others.length > 0) return refused(`is called ${nodes.length} times; shared layers are not supported`);
  if (node === undefined) return { inbound: [], fault: null };
  const call = callSchema.safeParse(node);
  if (call.success) return readCall(call.data);
  const references = referencesSchema.safeParse(node);
  if (!references.success) return refused('its inbound_nodes are not of a form that Keras writes');
  return wired(references.data);
}

function readCall({ args, kwargs }: z.output<typeof callSchema>): Inbound {
  const read = args.map((argument) => argumentSchema.safeParse(argument));
  const references = read.flatMap((result) => result.data ?? []);
  if (read.some(({ success }) => !success)) {
    return refused('is called with something else than the outputs of other layers, which is not supported');
  }
  const named = Object.entries(kwargs).find(([, value]) => argumentSchema.safeParse(value).data?.length);
  if (named !== undefined) return refused(`reads a layer by the argument ${quoted(named[0])}, which is not supported`);
  return wired(references);
}

function wired(references: readonly Reference[]): Inbound {
  const foreign = references.find(([, node, tensor]) => node !== 0 || tensor !== 0);
  const inbound = references.map(([layer]) => layer);
  return { inbound, fault: foreign ? `reads a further output of ${quoted(foreign[0])}, which is not supported` : null };
}

function refused(fault: string): Inbound {
  return { inbound: [], fault };
}
