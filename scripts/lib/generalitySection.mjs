/** What the policy makes of pictures and targets that it was never taught: a section of docs/models.md. */
import { countFailures } from './failuresSection.mjs';
import { mean } from './evalFigures.mjs';

/** `reports`: of docs/models/reports/generality/. */
export function renderGenerality(reports) {
  if (reports.length === 0) return [];
  const rowsOf = ({ rows, dataset }) =>
    [...new Set(rows.map(({ targetId }) => targetId))].map((targetId) => {
      const of = (method) =>
        rows.filter((row) => row.targetId === targetId && row.method === method);
      const agent = of('agent');
      const refused = agent.filter(({ stopReason }) => stopReason === 'target-absent').length;
      const dice = (found) => mean(found.map((row) => row.dice)).toFixed(3);
      const { failed } = countFailures([...agent, ...of('oracle')]);
      return `| ${dataset} ${targetId} | ${[agent.length, refused, failed].map(String).join(' | ')} | ${dice(agent)} | ${dice(of('oracle'))} |`;
    });
  return [
    '## The policy on what it was never taught',
    '',
    'Asked in words for what each MedScribble task shows ("Segment the liver."). The vocabulary of the bundled policy is closed: of',
    'these it was taught the left ventricle alone, in cine MR and not in ultrasound (CAMUS), so that refusing is right everywhere',
    'else. Nothing was trained or chosen on these pictures; SCD is the Sunnybrook set, its target here the myocardium.',
    '',
    '| task | n | refused | 0.10 below the oracle | Dice agent | Dice oracle |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...reports.flatMap(rowsOf),
    '',
  ];
}
