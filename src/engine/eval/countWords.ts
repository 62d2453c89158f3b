import { checkDirection } from '../../domain/directions.js';
import { parsePolicyText } from '../../domain/grammar.js';
import type { WordCounts } from '../../contract/evalReport.js';
import type { AgentState } from '../agent/agentState.js';
import type { EvalCase } from './loadCases.js';

/** How many texts of a run did not parse, and of those that name a direction how many point to their click. */
export function countWords(
  { records }: AgentState,
  { target, truth }: Pick<EvalCase, 'target' | 'truth'>,
): WordCounts {
  const verdicts = records.map(({ step }, index) => {
    const parsed = parsePolicyText(step.policyText);
    if (!parsed.ok) return 'unparsed';
    const isBeforeMask = (records[index - 1]?.step.mask ?? null) === null;
    return checkDirection(parsed.value, target.axis, truth, isBeforeMask);
  });
  const count = (wanted: (typeof verdicts)[number]): number =>
    verdicts.filter((verdict) => verdict === wanted).length;
  return {
    unparsed: count('unparsed'),
    directions: count(true) + count(false),
    directionsRight: count(true),
  };
}
