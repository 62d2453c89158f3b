/** Where the policy misses what it is held to: a section of docs/models.md. */
import { segmenterOf } from './evalFigures.mjs';
import { goals, measurePolicy } from './policyFigures.mjs';

/** What was measured of what the set is held to. */
const judge = (report) => {
  const figures = measurePolicy(report.rows);
  return goals
    .filter(({ figure }) => figures[figure] !== null)
    .map((goal) => ({ set: report.dataset, goal, value: figures[goal.figure] }));
};

/** One line a goal, one column a report. */
function goalLine(goal, judged) {
  const cells = judged.map((found) => {
    const own = found.find((one) => one.goal === goal);
    if (own === undefined) return '';
    const verdict = goal.isMet(own.value) ? 'met' : `**missed by ${goal.missedBy(own.value)}**`;
    return `${goal.show(own.value)}, ${verdict}`;
  });
  return `| ${[goal.name, goal.goal, ...cells].join(' | ')} |`;
}

/** Single targets whose own Dice or steps fall short; the means of a set may hide them. */
function targetLines(report) {
  const ids = [...new Set(report.rows.map(({ targetId }) => targetId))];
  const held = goals.filter(({ figure }) => figure === 'ratio' || figure === 'steps');
  return ids.flatMap((targetId) => {
    const figures = measurePolicy(report.rows.filter((row) => row.targetId === targetId));
    const missed = held.filter(
      (goal) => figures[goal.figure] !== null && !goal.isMet(figures[goal.figure]),
    );
    if (figures.n === 0 || missed.length === 0) return [];
    const why = missed.map((goal) => `${goal.name} by ${goal.missedBy(figures[goal.figure])}`);
    return [
      `| ${report.dataset}, ${targetId} | ${String(figures.n)} | ${figures.ratio?.toFixed(2) ?? ''} | ${figures.steps.toFixed(1)} | ${why.join('; ')} |`,
    ];
  });
}

/** In a sentence, for a card: what is missed, or that nothing is. */
export function describeGoals(reports) {
  const judged = reports.flatMap(judge);
  const missed = judged.filter(({ goal, value }) => !goal.isMet(value));
  const met = `${String(judged.length - missed.length)} of ${String(judged.length)} are met`;
  if (missed.length === 0) return `Of what it is held to, ${met}.`;
  const named = missed.map(
    ({ set, goal, value }) => `${goal.name} on ${set} (${goal.show(value)}, ${goal.goal} wanted)`,
  );
  return `Of what it is held to, ${met}; missed: ${named.join('; ')}.`;
}

/** `reports`: of the policy, one a set. `tried`: lines on what was tried where a target is missed. */
export function renderGoals(reports, tried) {
  if (reports.length === 0) return [];
  const judged = reports.map(judge);
  const single = reports.flatMap(targetLines);
  const sets = reports.map((report) => `${report.dataset} with ${segmenterOf(report)}`);
  return [
    '## Where targets are missed',
    '',
    `| over a set (test) | target | ${sets.join(' | ')} |`,
    `| --- | ---: | ${sets.map(() => '---').join(' | ')} |`,
    ...goals.map((goal) => goalLine(goal, judged)),
    '',
    ...(single.length === 0
      ? ['No single target falls short in Dice or in steps, either.', '']
      : [
          'The sets are held to means over all their targets. By themselves, these fall short of the same figures:',
          '',
          '| set, target | n | Dice agent / oracle | steps | missed |',
          '| --- | ---: | ---: | ---: | --- |',
          ...single,
          '',
        ]),
    ...tried,
  ];
}
