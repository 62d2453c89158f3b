/** What clicks on a few slices make of a whole volume: a section of docs/models.md. */
import { mean } from './evalFigures.mjs';

const names = {
  'propagate-1x1': 'propagated from the largest slice, 1 click',
  'propagate-1x2': 'propagated from the largest slice, 2 clicks',
  'propagate-1x3': 'propagated from the largest slice, 3 clicks',
  'propagate-1x5': 'propagated from the largest slice, 5 clicks',
  'propagate-2x3': 'propagated from 2 slices, 3 clicks each',
  'propagate-3x3': 'propagated from 3 slices, 3 clicks each',
  'interpolate-2x3': 'the same 2 slices, interpolated by shape',
  'interpolate-3x3': 'the same 3 slices, interpolated by shape',
  'interpolate-3x3-at-ends': 'interpolated from 3 slices, first and last among them',
  'interpolate-5x3-at-ends': 'interpolated from 5 slices, first and last among them',
};
const budgets = [3, 6, 10, 15, 20];

const sum = (values) => values.reduce((total, value) => total + value, 0);

function qualityCells(rows) {
  const found = rows.flatMap(({ hausdorff95Mm }) => hausdorff95Mm ?? []);
  const lost = rows.length - found.length;
  return [
    mean(rows.map(({ clicks }) => clicks)).toFixed(1),
    mean(rows.map(({ dice }) => dice)).toFixed(3),
    found.length === 0
      ? ''
      : `${mean(found).toFixed(1)}${lost > 0 ? ` (${String(lost)} empty)` : ''}`,
  ];
}

/** As far as a repair had come within so many clicks. */
const within = (row, clicks) => row.course.findLast((at) => at.clicks <= clicks) ?? row.course[0];

function doubtCells(rows) {
  const [slices, flagged, bad, found] = ['slices', 'flagged', 'bad', 'flaggedBad'].map((name) =>
    sum(rows.map((row) => row[name])),
  );
  if (slices === 0) return ['', ''];
  const percent = (share) => `${(100 * share).toFixed(0)}%`;
  return [percent(flagged / slices), bad === 0 ? '' : percent(found / bad)];
}

function renderReport(report) {
  const rowsOf = (id) => report.rows.filter(({ method }) => method === id);
  const volumes = new Set(report.rows.map(({ fileName }) => fileName)).size;
  const segmenter = report.models.find(({ role }) => role === 'segmenter').id;
  const lines = Object.keys(names)
    .filter((id) => rowsOf(id).length > 0)
    .map(
      (id) =>
        `| ${[names[id], ...qualityCells(rowsOf(id)), ...doubtCells(rowsOf(id))].join(' | ')} |`,
    );
  const repaired = rowsOf('repair');
  const begun = repaired.filter(({ course }) => course !== undefined);
  const repairLines = budgets.map(
    (clicks) =>
      `| one slice, then repairs, up to ${String(clicks)} clicks | ${[...qualityCells(begun.map((row) => within(row, clicks))), '', ''].join(' | ')} |`,
  );
  return [
    `${report.dataset}, ${report.targetId}, ${String(volumes)} volumes of the ${report.split} split, cut ${report.settings.axis}, with ${segmenter} (${report.models[0].files['click.onnx']?.slice(0, 16) ?? ''}…).`,
    '',
    '| made from | clicks | Dice | 95% Hausdorff, mm | flagged | bad slices flagged |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...lines,
    ...(begun.length === 0 ? [] : repairLines),
    '',
  ];
}

/** `reports`: of `ibis eval-volumes`, one a data set. */
export function renderPropagation(reports) {
  if (reports.length === 0) return [];
  return [
    '## From a slice to a volume',
    '',
    'Means over whole volumes against the number of user clicks on all of a volume, made by an oracle that knows the truth.',
    'Several slices lie where each stands for as many others, unless it says otherwise. Repairs: the worst slice of those',
    'listed for review (flagged ones, and both sides of each end) gets up to six more clicks until its IoU is 0.80, or one that says that the',
    'target is not there; what depends on it is made again. Bad: a filled-in slice with a Dice under 0.70. How it works is in',
    '[decision 73](decisions/0073-propagation.md).',
    '',
    ...reports.flatMap(renderReport),
  ];
}
