/** What the policy is held to on a set, and what it came to there. */
import { countRefusals, countWords, mean, wholeCaseSeconds } from './evalFigures.mjs';

const share = (part, whole) => (whole === 0 ? null : part / whole);
export const of = (rows, method) => rows.filter((row) => row.method === method);

/** Of the rows of one report, or of one of its targets. What was not measured is null. */
export function measurePolicy(rows) {
  const agent = of(rows, 'agent');
  const oracle = of(rows, 'oracle');
  const words = countWords(rows);
  const own = countWords(agent); // misled, its words are of another target than the truth
  const refusals = countRefusals(rows);
  const dice = mean(agent.map((row) => row.dice));
  const oracleDice = oracle.length === 0 ? null : mean(oracle.map((row) => row.dice));
  return {
    n: agent.length,
    dice,
    oracleDice,
    ratio: oracleDice === null ? null : dice / oracleDice,
    steps: mean(agent.map(({ steps }) => steps)),
    parsed: words === null ? null : share(words.steps - words.unparsed, words.steps),
    directions: own === null ? null : share(own.directionsRight, own.directions),
    absentRefused: share(refusals.absentRefused, refusals.absent),
    presentRefused: share(refusals.presentRefused, refusals.present),
    seconds: wholeCaseSeconds(agent),
  };
}

export const percent = (value) => `${(100 * value).toFixed(1)}%`;
const points = (value) => `${(100 * value).toFixed(1)} points`;

/** `sign` 1: at least `bound`; -1: at most. `digits`: of what `apart` shows of the way that is left. */
export const goals = [
  ['parsed', 'text that parses', 1, 0.99, percent, points, 3],
  ['ratio', 'Dice agent / oracle', 1, 0.9, (v) => v.toFixed(2), (v) => v.toFixed(2), 2],
  ['steps', 'steps', -1, 5, (v) => v.toFixed(1), (v) => v.toFixed(1), 1],
  ['absentRefused', 'absent targets refused', 1, 0.9, percent, points, 3],
  ['presentRefused', 'present targets refused', -1, 0.03, percent, points, 3],
  ['directions', 'direction words that are right', 1, 0.95, percent, points, 3],
  ['seconds', 'whole case, median seconds', -1, 5, (v) => v.toFixed(1), (v) => v.toFixed(1), 1],
].map(([figure, name, sign, bound, show, apart, digits]) => ({
  figure,
  name,
  bound,
  goal: `${sign > 0 ? '≥' : '≤'} ${show(bound)}`,
  show,
  isMet: (value) => sign * (value - bound) >= 0,
  /** By how much it is missed, never shown as nothing. */
  missedBy: (value) => {
    const least = 10 ** -digits;
    const left = sign * (bound - value);
    return left < least ? `less than ${apart(least)}` : apart(left);
  },
}));
