import { type CompositeEntry, type CompositePreset, CompositeEntry as Entry } from '../../schemas/rules.ts';

type EntrySpec = { match: Record<string, unknown>; rule: Record<string, unknown> };
type RuleSpec = Record<string, unknown>;

const Z_PLUS: RuleSpec = { name: 'z-plus' };
const EPSILON: RuleSpec = { name: 'epsilon' };
/** Without any stabiliser, so that the whole is gradient × input on networks that are linear piece by piece. */
const LRP_0: RuleSpec = { name: 'epsilon', epsilon: 0 };
const EXACT_NORM: RuleSpec = { name: 'norm', stabiliser: 0 };
const ALPHA2_BETA1: RuleSpec = { name: 'alpha-beta', alpha: 2, beta: 1 };
const FLAT_FIRST: EntrySpec = { match: { first: true, type: 'conv2d' }, rule: { name: 'flat' } };

/** The same rules for all dense and for all convolutional layers. */
function byType(dense: RuleSpec, convolution: RuleSpec): readonly EntrySpec[] {
  return [
    { match: { type: 'dense' }, rule: dense },
    { match: { type: 'conv2d' }, rule: convolution },
    { match: { type: 'conv2dTranspose' }, rule: convolution },
  ];
}

/** Without a box, the first layer's rule for pixels gives way to one that assumes nothing of its input. */
function boxedFirst(hasBox: boolean): EntrySpec {
  return { match: { first: true }, rule: hasBox ? { name: 'z-box' } : { name: 'w-square', bias: 'zero' } };
}

const PRESETS: { readonly [Preset in CompositePreset]: (hasBox: boolean) => readonly EntrySpec[] } = {
  'deep-taylor': (hasBox) => [
    boxedFirst(hasBox),
    ...byType({ name: 'z-plus', bias: 'zero' }, { name: 'z-plus', bias: 'zero' }),
  ],
  epsilon: () => byType(EPSILON, EPSILON),
  'lrp-0': () => [
    ...byType(LRP_0, LRP_0),
    { match: { type: 'affine' }, rule: LRP_0 },
    { match: { type: 'avgPool2d' }, rule: EXACT_NORM },
    { match: { type: 'add' }, rule: EXACT_NORM },
  ],
  'alpha2-beta1': () => byType(ALPHA2_BETA1, ALPHA2_BETA1),
  'alpha1-beta0': () => byType({ name: 'alpha-beta', alpha: 1, beta: 0 }, { name: 'alpha-beta', alpha: 1, beta: 0 }),
  'epsilon-plus': () => byType(EPSILON, Z_PLUS),
  'epsilon-plus-flat': () => [FLAT_FIRST, ...byType(EPSILON, Z_PLUS)],
  'epsilon-alpha2-beta1': () => byType(EPSILON, ALPHA2_BETA1),
  'epsilon-alpha2-beta1-flat': () => [FLAT_FIRST, ...byType(EPSILON, ALPHA2_BETA1)],
  'epsilon-gamma-box': () => [
    { match: { first: true }, rule: { name: 'z-box' } },
    ...byType(EPSILON, { name: 'gamma', gamma: 0.25 }),
  ],
};

/**
 * The entries of a preset.
 * @param hasBox whether the model states an input box that reaches its first linear layers
 */
export function presetEntries(preset: CompositePreset, hasBox: boolean): readonly CompositeEntry[] {
  return PRESETS[preset](hasBox).map((entry) => Entry.parse(entry));
}
