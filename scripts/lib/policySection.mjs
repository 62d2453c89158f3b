/** How good the policy is, per data set: sections of docs/models.md. A figure that an older report lacks is left out. */
import { rollups } from 'd3-array';

import { diceCurve, median, segmenterOf, wholeCaseSeconds } from './evalFigures.mjs';
import { measurePolicy, of, percent } from './policyFigures.mjs';

const methodNames = {
  agent: 'agent, when it stops',
  oracle: 'oracle clicks',
  'centre-click': 'one click at the centre',
  'mean-position-click': 'one click at the training mean',
  'other-image': "agent shown another case's image",
  'other-request': 'agent asked for the contrasting target',
};
const shownClicks = 6; // in words; the plot shows them all

const fixed = (value, digits = 3) => value.toFixed(digits);
const ONE_CLICK_NEAR = 0.1; // Dice within which one click comes near to the agent

const seconds = (agentRows) => {
  const whole = wholeCaseSeconds(agentRows);
  if (whole !== null) return `Median time of a whole case, encoding included: ${fixed(whole, 1)} s`;
  const encoded = median(agentRows.map(({ elapsedMs }) => elapsedMs)) / 1000;
  return `Median time of a case, slice already encoded: ${fixed(encoded, 1)} s`;
};

function targetSection(report, targetId) {
  const rows = report.rows.filter((row) => row.targetId === targetId);
  const means = report.means.filter((m) => m.targetId === targetId);
  const agentRows = of(rows, 'agent');
  const lines = [
    `### ${targetId}`,
    '',
    '| method | n | Dice [95% interval] | IoU | steps | agent less this [95% interval] |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  for (const [method, name] of Object.entries(methodNames)) {
    const found = means.find((m) => m.method === method);
    if (found === undefined) continue;
    const difference = report.differences.find(
      (d) => d.targetId === targetId && d.baseline === method,
    );
    const less =
      difference === undefined
        ? ''
        : `${fixed(difference.dice)} [${fixed(difference.low95)}, ${fixed(difference.high95)}]`;
    lines.push(
      `| ${name} | ${String(found.n)} | ${fixed(found.dice)} [${fixed(found.low95)}, ${fixed(found.high95)}] | ${fixed(found.iou)} | ${fixed(found.steps, 1)} | ${less} |`,
    );
  }
  const unparsed = agentRows.filter(({ stopReason }) => stopReason === 'failed').length;
  const reasons = rollups(
    agentRows,
    ({ length }) => length,
    ({ stopReason }) => stopReason,
  ).map(([reason, ended]) => `${reason} ${String(ended)}`);
  const diceOf = (method) => means.find((m) => m.method === method).dice;
  const inWords = (method) =>
    diceCurve(of(rows, method), shownClicks)
      .map((dice) => fixed(dice, 2))
      .join(', ');
  lines.push(
    '',
    `Agent / oracle: **${fixed(diceOf('agent') / diceOf('oracle'), 2)}**. Ends: ${reasons.join(', ')}; text that did not parse ended ${String(unparsed)} of ${String(agentRows.length)} cases. ${seconds(agentRows)}.`,
    '',
    `Mean Dice after click 1, 2, ...: agent ${inWords('agent')}; oracle ${inWords('oracle')} (a case that has stopped keeps its value).`,
    '',
  );
  return lines;
}

function describeMachine({ machine }) {
  if (machine === undefined) return '';
  return ` Times: ${machine.processor}, ${String(machine.cores)} cores, load average ${fixed(machine.loadAverage, 1)} before.`;
}

/** Of the file in docs/models/plots. A set may have been measured with several segmenters. */
export const plotName = (report) => `${report.dataset}-${segmenterOf(report)}.svg`;

function reportSection(report) {
  const targetIds = [...new Set(report.rows.map(({ targetId }) => targetId))];
  const policy = report.models.find(({ role }) => role === 'policy');
  return [
    `## ${report.dataset} (${report.split}), with ${segmenterOf(report)}`,
    '',
    `${String(report.data.files)} files, SHA-256 of the data ${report.data.sha256.slice(0, 16)}…; ` +
      `policy ${policy?.id ?? 'none'} (decoder ${(policy?.files['onnx/decoder_model_merged.onnx'] ?? '').slice(0, 16)}…), ` +
      `segmenter ${segmenterOf(report)}; ` +
      `seed ${String(report.seed)}, at most ${String(report.settings.maxSteps)} steps, no parse retries.${describeMachine(report)}`,
    '',
    `![Mean Dice after each click](models/plots/${plotName(report)})`,
    '',
    ...targetIds.flatMap((targetId) => targetSection(report, targetId)),
  ];
}

/** One line a data set: what the policy is held to. */
function summaryRow(report) {
  const figures = measurePolicy(report.rows);
  const shown = (value, show) => (value === null ? '' : show(value));
  const cells = [
    report.dataset,
    segmenterOf(report),
    String(figures.n),
    `${fixed(figures.dice)} / ${fixed(figures.oracleDice)} = ${fixed(figures.ratio, 2)}`,
    fixed(figures.steps, 1),
    shown(figures.parsed, percent),
    shown(figures.directions, percent),
    shown(figures.absentRefused, percent),
    shown(figures.presentRefused, percent),
    shown(figures.seconds, (value) => fixed(value, 1)),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Of all steps of all sets: what their texts are held to. */
function wordsRow(reports) {
  const { n, parsed, directions } = measurePolicy(reports.flatMap(({ rows }) => rows));
  if (parsed === null || directions === null) return [];
  const cells = ['all sets', '', String(n), '', '', percent(parsed), percent(directions)];
  return [`| ${[...cells, '', '', ''].join(' | ')} |`];
}

export const summaryTable = (reports) => [
  '| set (test) | segmenter | n | Dice agent / oracle (≥ 0.90) | steps (≤ 5) | text parses (≥ 99%) | directions right (≥ 95%) | absent refused (≥ 90%) | present refused (≤ 3%) | whole case, s (≤ 5) |',
  '| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  ...reports.map(summaryRow),
  ...(reports.length > 1 ? wordsRow(reports) : []),
];

/** Targets on which the segmenter makes nearly as much of one blind click as the agent of its own. */
function describeOneClick(reports) {
  const near = reports.flatMap(({ dataset, means }) =>
    means.flatMap(({ targetId, method, dice }) => {
      const agent = means.find((m) => m.targetId === targetId && m.method === 'agent')?.dice;
      const isBlind = method === 'centre-click' || method === 'mean-position-click';
      if (targetId === null || agent === undefined || !isBlind || dice < agent - ONE_CLICK_NEAR)
        return [];
      return [
        `- ${dataset}, ${targetId}: ${methodNames[method]} ${fixed(dice, 2)}, agent ${fixed(agent, 2)}`,
      ];
    }),
  );
  if (near.length === 0)
    return [
      `One blind click comes nowhere within ${ONE_CLICK_NEAR.toFixed(2)} Dice of the agent.`,
      '',
    ];
  return [
    `One blind click comes within ${ONE_CLICK_NEAR.toFixed(2)} Dice of the agent, or beyond it, on these; there the segmenter does most of the work:`,
    '',
    ...near,
    '',
  ];
}

/** `reports`: of `ibis eval` with the policy and its controls, one a data set and segmenter. */
export function renderPolicy(reports) {
  if (reports.length === 0) return [];
  return [
    '## The policy, in short',
    '',
    'Over all targets of a set. Text: share of all steps that the policy wrote, misled or not. Directions: of the clicks whose',
    'reasoning names a side, the share that lies there. Refused: stopped with "Target absent" and, where it is absent, no click;',
    'half of the absent requests are for trained targets of other sets, half for what nobody trained on, in words on which',
    'validation was judged, too. An empty cell was not measured when the report was made.',
    '',
    ...summaryTable(reports),
    '',
    ...describeOneClick(reports),
  ];
}

/** Each set with its plot and its tables. */
export const renderSets = (reports) => reports.flatMap(reportSection);
