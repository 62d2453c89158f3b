/** What the policy makes of pictures and targets that it was never taught: a section of docs/models.md. */
import { countFailures } from './failuresSection.mjs';
import { mean } from './evalFigures.mjs';

const RIGHT_VENTRICLE_TASK = 'ACDC';
const SOMETHING_ELSE_DICE = 0.1; // less with what was asked for: something else was outlined

/** SCD is the Sunnybrook set, which both bundled models of ours were trained on: it counts as no new task. */
export const isTaughtTask = (targetId) => targetId === 'SCD';

const diceOf = (rows) => mean(rows.map(({ dice }) => dice));
const isRefused = ({ stopReason }) => stopReason === 'target-absent';

function taskLine({ dataset, rows }, targetId) {
  const of = (method) => rows.filter((row) => row.targetId === targetId && row.method === method);
  const [agent, oracle] = [of('agent'), of('oracle')];
  const { failed } = countFailures([...agent, ...oracle]);
  const counts = [agent.length, agent.filter(isRefused).length, failed].map(String);
  return `| ${dataset} ${targetId} | ${counts.join(' | ')} | ${diceOf(agent).toFixed(3)} | ${diceOf(oracle).toFixed(3)} |`;
}

const table = (lines) => [
  '| task | n | refused | 0.10 below the oracle | Dice agent | Dice oracle |',
  '| --- | ---: | ---: | ---: | ---: | ---: |',
  ...lines,
  '',
];

/** The right ventricle stands in the taught kind of picture, beside the one that was taught: the hardest to refuse. */
function describeRightVentricle(reports) {
  const agent = reports
    .flatMap(({ rows }) => rows)
    .filter(({ targetId, method }) => targetId === RIGHT_VENTRICLE_TASK && method === 'agent');
  if (agent.length === 0) return [];
  const outlined = agent.filter((row) => !isRefused(row));
  const refused = `ACDC is cine MR, as the taught ventricles are, but asks for the **right** one: the policy refused ${String(agent.length - outlined.length)} of ${String(agent.length)}`;
  if (outlined.length === 0) return [`${refused}.`, ''];
  const dice = diceOf(outlined);
  const judged =
    dice < SOMETHING_ELSE_DICE
      ? 'so what it outlined and called done is something else'
      : 'which is the segmenter at work on clicks that were not taught';
  return [
    `${refused}, and in the other ${String(outlined.length)} came to a mean Dice of ${dice.toFixed(3)} with the right ventricle, ${judged}.`,
    '',
  ];
}

/** `reports`: of docs/models/reports/generality/. */
export function renderGenerality(reports) {
  if (reports.length === 0) return [];
  const linesOf = (isShown) =>
    reports.flatMap((report) =>
      [...new Set(report.rows.map(({ targetId }) => targetId))]
        .filter(isShown)
        .map((targetId) => taskLine(report, targetId)),
    );
  const tasks = linesOf((targetId) => !isTaughtTask(targetId));
  const taught = linesOf(isTaughtTask);
  const agent = reports
    .flatMap(({ rows }) => rows)
    .filter(({ method, targetId }) => method === 'agent' && !isTaughtTask(targetId));
  return [
    '## The policy on what it was never taught',
    '',
    'Asked in words for what each MedScribble task shows ("Segment the liver."). The vocabulary of the bundled policy is closed: of',
    'these it was taught the left ventricle alone, in cine MR and not in ultrasound (CAMUS), so that refusing is right everywhere',
    `else. Nothing was trained or chosen on these pictures. In all it refused ${String(agent.filter(isRefused).length)} of ${String(agent.length)} requests of ${String(tasks.length)} tasks.`,
    '',
    ...table(tasks),
    ...describeRightVentricle(reports),
    ...(taught.length === 0
      ? []
      : [
          '### SCD, apart',
          '',
          'SCD is the Sunnybrook set, whose pictures were trained on; its target here is the myocardium, which was not taught. It',
          'counts in none of the figures above.',
          '',
          ...table(taught),
        ]),
  ];
}
