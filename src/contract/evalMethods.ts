/**
 * How a case is segmented in an evaluation. 'oracle' clicks knowing the truth, until it is good: the segmenter's bound.
 * 'oracle-twenty' clicks so five times and then on to an IoU of 0.90, at most twenty times: what compares segmenters.
 * 'other-image' is the policy shown another case's picture, its clicks given to the right one: what it
 * knows of the target without looking. 'other-request' asks for the target that `contrastWith` names, judged by
 * this one's truth: what the words change. 'absent-request' asks for what is not in the picture, one of
 * `absentRequests`, judged by an empty mask: whether it is refused.
 */
export const evalMethods = [
  'agent',
  'centre-click',
  'mean-position-click',
  'other-image',
  'other-request',
  'absent-request',
  'oracle',
  'oracle-twenty',
] as const;
export type EvalMethod = (typeof evalMethods)[number];
