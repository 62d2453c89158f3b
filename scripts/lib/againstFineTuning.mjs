/** The bundled policy beside the one it was before reinforcement learning, on the test splits: a section of docs/models.md. */
import { computeInterval } from './bootstrap.mjs';
import { diceCurve, mean, MOST_CLICKS, segmenterOf } from './evalFigures.mjs';
import { of } from './policyFigures.mjs';

const SHOWN_FALL = 0.0005; // Dice; a smaller one is the rounding of the report

/** The largest fall of the mean Dice below what an earlier click had reached: { fall, click }. */
export function findFall(rows) {
  const curve = diceCurve(rows, MOST_CLICKS);
  const falls = curve.map((dice, k) => Math.max(...curve.slice(0, k + 1)) - dice);
  const fall = Math.max(...falls);
  return { fall, click: falls.indexOf(fall) + 1 };
}

function describeFall(rows) {
  const { fall, click } = findFall(rows);
  return fall < SHOWN_FALL ? 'no' : `by ${fall.toFixed(3)} at click ${String(click)}`;
}

/** Mean and 95% interval of what the second has more than the first, case by case. */
function difference(pairs, value, seed) {
  const values = pairs.map(([before, after]) => value(after) - value(before));
  return { mean: mean(values), ...computeInterval(values, seed) };
}

function shown(found, digits) {
  const [middle, low, high] = [found.mean, found.low95, found.high95].map((value) =>
    value.toFixed(digits).replace(/^-(?=[0.]+$)/, ''),
  );
  return `${middle} [${low}, ${high}]`;
}

/** Better in Dice at equal steps, or fewer steps at equal Dice; an interval that holds 0 is "equal". */
export function judgeChange(dice, steps) {
  const sign = ({ low95, high95 }) => (low95 > 0 ? 1 : high95 < 0 ? -1 : 0);
  const [better, longer] = [sign(dice), sign(steps)];
  if (better < 0) return longer < 0 ? 'missed: fewer steps, but worse' : 'missed: worse';
  if (longer > 0) return better > 0 ? 'missed: better, but in more steps' : 'missed: more steps';
  return better > 0 || longer < 0 ? 'met' : 'missed: no difference';
}

function setLine(before, after) {
  const name = after.dataset;
  if (before.data.sha256 !== after.data.sha256 || segmenterOf(before) !== segmenterOf(after))
    throw new Error(
      `The reports on ${name} in sft/ and beside it are of other data or segmenters.`,
    );
  const old = new Map(of(before.rows, 'agent').map((row) => [row.caseId, row]));
  const pairs = of(after.rows, 'agent').flatMap((row) =>
    old.has(row.caseId) ? [[old.get(row.caseId), row]] : [],
  );
  if (pairs.length === 0) throw new Error(`The reports on ${name} share no case.`);
  const columns = [0, 1].map((k) => pairs.map((pair) => pair[k]));
  const dice = difference(pairs, (row) => row.dice, after.seed);
  const steps = difference(pairs, (row) => row.steps, after.seed);
  const means = (value, digits) => columns.map((rows) => mean(rows.map(value)).toFixed(digits));
  const cells = [
    name,
    String(pairs.length),
    ...means((row) => row.dice, 3),
    shown(dice, 3),
    ...means((row) => row.steps, 1),
    shown(steps, 2),
    ...columns.map(describeFall),
    judgeChange(dice, steps),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** `reports`: of the bundled policy. `fineTuned`: of the one after fine-tuning alone, on the same cases. */
export function renderAgainstFineTuning(reports, fineTuned) {
  const pairs = fineTuned.flatMap((before) => {
    const after = reports.find(
      (report) => report.dataset === before.dataset && segmenterOf(report) === segmenterOf(before),
    );
    return after === undefined ? [] : [[before, after]];
  });
  if (pairs.length === 0) return [];
  return [
    '## Reinforcement learning against fine-tuning, on the test splits',
    '',
    "The bundled policy (RL) and the one that it was before stage 2 (SFT) on the same test cases, by the workstation's own engine. Nothing was",
    'chosen by these figures. Differences are RL less SFT, case by case, with intervals bootstrapped over cases. The curve of mean Dice by',
    'click, in which a case that has stopped keeps its value, is to fall nowhere; where it does, the largest fall below an earlier click is',
    'given. The target: better in Dice at equal steps, or fewer steps at equal Dice, where equal means that the interval holds 0.',
    '',
    '| set (test) | n | Dice SFT | Dice RL | difference [95% interval] | steps SFT | steps RL | difference [95% interval] | SFT falls | RL falls | target |',
    '| --- | ---: | ---: | ---: | --- | ---: | ---: | --- | --- | --- | --- |',
    ...pairs.map(([before, after]) => setLine(before, after)),
    '',
  ];
}
