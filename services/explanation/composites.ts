import { isLinear, type Layer, layerAt, NETWORK_INPUT, type Network } from '../../models/network.ts';
import { ElucidError, type Fault } from '../../schemas/errors.ts';
import { type Composite, type LayerMatch, Rule, type RuleName } from '../../schemas/rules.ts';
import { boxReaches } from './inputBox.ts';
import { presetEntries } from './presets.ts';

const LINEAR_RULES: readonly RuleName[] = ['epsilon', 'z-plus', 'alpha-beta', 'gamma', 'z-box', 'w-square', 'flat'];
const PASS = Rule.parse({ name: 'pass' });
const NORM = Rule.parse({ name: 'norm' });

/** Which rules fit a type of layer, and which one it gets when nothing matches (null: it is an error). */
const FITTING: {
  readonly [Type in Layer['type']]: { readonly rules: readonly RuleName[]; readonly usual: Rule | null };
} = {
  dense: { rules: LINEAR_RULES, usual: null },
  conv2d: { rules: LINEAR_RULES, usual: null },
  conv2dTranspose: { rules: LINEAR_RULES, usual: null },
  affine: { rules: ['epsilon', 'pass'], usual: Rule.parse({ name: 'epsilon' }) },
  activation: { rules: ['pass'], usual: PASS },
  lrn: { rules: ['pass', 'taylor'], usual: PASS },
  maxPool2d: { rules: ['winner-take-all'], usual: Rule.parse({ name: 'winner-take-all' }) },
  avgPool2d: { rules: ['norm'], usual: NORM },
  add: { rules: ['norm'], usual: NORM },
  concat: { rules: ['pass'], usual: PASS },
  reshape: { rules: ['pass'], usual: PASS },
  permute: { rules: ['pass'], usual: PASS },
  pad: { rules: ['pass'], usual: PASS },
  crop: { rules: ['pass'], usual: PASS },
};

/**
 * The rule of every layer up to the explained output: the first entry that matches, else the usual rule of the type.
 * @throws ElucidError `not-applicable`, naming every layer that no rule fits
 */
export function rulesByLayer(network: Network, composite: Composite, hasBox: boolean): readonly Rule[] {
  const first = firstLinear(network);
  const last = lastLinear(network);
  const preset = typeof composite === 'string';
  const boxed = hasBox && [...first].every((index) => boxReaches(network, index));
  const entries = preset ? presetEntries(composite, boxed) : composite;
  const faults: Fault[] = [];
  const rules = network.layers.slice(0, network.output + 1).map((layer, index) => {
    const at = entries.findIndex(({ match }) => matches(match, layer, index, first, last));
    const rule = entries[at]?.rule ?? FITTING[layer.type].usual;
    const reason =
      rule === null ? 'no entry matches this linear layer' : misfit(rule, layer, index, network, first, hasBox);
    if (reason === null && rule !== null) return rule;
    const pointer = preset || at < 0 ? '/options/composite' : `/options/composite/${at}`;
    faults.push({ pointer, detail: `layer ${index} ${layer.name} (${layer.type}): ${reason}` });
    return PASS;
  });
  if (faults.length === 0) return rules;
  const what = preset ? `composite ${composite}` : 'the composite';
  throw new ElucidError(
    'not-applicable',
    `${what} does not fit the model: ${faults.map(({ detail }) => detail).join('; ')}`,
    faults,
  );
}

function misfit(
  rule: Rule,
  layer: Layer,
  index: number,
  network: Network,
  first: ReadonlySet<number>,
  hasBox: boolean,
): string | null {
  const { rules } = FITTING[layer.type];
  if (!rules.includes(rule.name)) return `rule ${rule.name} does not fit; allowed: ${rules.join(', ')}`;
  if (rule.name !== 'z-box') return null;
  if (!first.has(index)) return 'rule z-box is for first linear layers: its input must have a box';
  if (!boxReaches(network, index)) return 'rule z-box does not fit: the input box cannot be followed to this layer';
  const given = rule.low !== undefined;
  if (!given && !hasBox) return 'rule z-box needs low and high: the model states no input box';
  return given ? misfitOfBox(rule, network) : null;
}

function misfitOfBox(rule: Extract<Rule, { name: 'z-box' }>, network: Network): string | null {
  const [channels = 0] = network.inputShape;
  const lengths = [rule.low, rule.high].flatMap((side) => (Array.isArray(side) ? [side.length] : []));
  const wrong = lengths.find((length) => length !== channels);
  if (wrong !== undefined) return `low and high are numbers or lists of ${channels} (one per channel), got ${wrong}`;
  const [lows, highs] = [rule.low, rule.high].map((side) =>
    Array.isArray(side) ? side : new Array(channels).fill(side),
  );
  const crossed = lows?.findIndex((low, channel) => !(low < (highs?.[channel] ?? low)));
  return crossed === undefined || crossed < 0 ? null : `low must be below high (channel ${crossed})`;
}

function matches(
  match: LayerMatch,
  layer: Layer,
  index: number,
  first: ReadonlySet<number>,
  last: ReadonlySet<number>,
): boolean {
  return (
    (match.name === undefined || globMatches(match.name, layer.name)) &&
    (match.type === undefined || match.type === layer.type) &&
    (match.first === undefined || first.has(index)) &&
    (match.last === undefined || last.has(index)) &&
    (match.from === undefined || index >= match.from) &&
    (match.to === undefined || index <= match.to)
  );
}

/** Whether a glob (`*`: any characters, `?`: one) matches a whole name. Linear in time for any glob. */
export function globMatches(glob: string, name: string): boolean {
  let [g, n, star, resume] = [0, 0, -1, 0];
  while (n < name.length) {
    if (g < glob.length && glob[g] === '*') {
      [star, resume] = [g, n];
      g += 1;
    } else if (g < glob.length && (glob[g] === '?' || glob[g] === name[n])) {
      g += 1;
      n += 1;
    } else if (star >= 0) {
      resume += 1;
      [g, n] = [star + 1, resume];
    } else {
      return false;
    }
  }
  return [...glob.slice(g)].every((rest) => rest === '*');
}

/** Linear layers reached from the input through no other linear layer. */
export function firstLinear(network: Network): ReadonlySet<number> {
  const behind: boolean[] = [];
  const first = new Set<number>();
  network.layers.forEach((layer, index) => {
    // A path from the input that has met no linear layer yet.
    const open = layer.inputs.some((input) => input === NETWORK_INPUT || behind[input] === true);
    if (isLinear(layer) && open) first.add(index);
    behind[index] = open && !isLinear(layer);
  });
  return first;
}

/** Linear layers from which the explained output is reached through no other linear layer. */
export function lastLinear(network: Network): ReadonlySet<number> {
  const last = new Set<number>();
  const pending = [network.output];
  const seen = new Set<number>();
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    if (index === NETWORK_INPUT || seen.has(index)) continue;
    seen.add(index);
    const layer = layerAt(network, index);
    if (isLinear(layer)) last.add(index);
    else pending.push(...layer.inputs);
  }
  return last;
}
