import { z } from 'zod';
import { ImportFault } from '../faults.ts';

/** A rule of `include` or `exclude`, as it stands in the net. */
export const phaseRuleSchema = z.object({
  phase: z.enum(['TRAIN', 'TEST']).optional(),
  min_level: z.int().optional(),
  max_level: z.int().optional(),
  stage: z.array(z.string()).default([]),
  not_stage: z.array(z.string()).default([]),
});

export type PhaseRule = z.output<typeof phaseRuleSchema>;

/**
 * Whether a layer is part of the net that is run: at the phase TEST and the level 0, without stages. A layer with
 * `include` rules is where any of them is met, one with `exclude` rules where none is.
 * @throws ImportFault when it has both
 */
export function isIncluded(include: readonly PhaseRule[], exclude: readonly PhaseRule[]): boolean {
  if (include.length > 0 && exclude.length > 0)
    throw new ImportFault('has include and exclude rules; one kind is allowed');
  return include.length > 0 ? include.some(isMet) : !exclude.some(isMet);
}

/** A rule is met when all that it states is so; a required stage never is, a forbidden one never stands against it. */
function isMet({ phase = 'TEST', min_level = 0, max_level = 0, stage }: PhaseRule): boolean {
  return phase === 'TEST' && min_level <= 0 && max_level >= 0 && stage.length === 0;
}
