/** What the oracle's clicks come to with each segmenter: a section of docs/models.md. */
import { clicksToIou, mean, segmenterOf } from './evalFigures.mjs';

const shownClicks = [1, 3, 5];
const shownIous = [0.85, 0.9];
const fixed = (value) => value.toFixed(3);

/** Dice after the n-th click; a case whose mask was perfect before keeps its value. */
const diceAt = (row, clicks) => row.diceByStep[Math.min(clicks, row.diceByStep.length) - 1] ?? 0;

/** Single nuclei are asked for in many words, which mean nothing to a segmenter. */
const groupOf = (dataset, targetId) =>
  dataset === 'dsb2018_nuclei' && targetId !== 'nuclei' ? 'one nucleus' : targetId;

const diceCells = (rows) =>
  shownClicks.map((clicks) =>
    rows.length === 0 ? '' : fixed(mean(rows.map((row) => diceAt(row, clicks)))),
  );

const nocCells = (rows) =>
  shownIous.map((iou) => {
    const found = clicksToIou(rows, iou);
    return found === null ? '' : `${found.clicks.toFixed(1)} (${String(found.missed)})`;
  });

/** One line a target; `cellsOf(rows)` gives the cells of one segmenter. */
function tableRows(dataset, reports, ids, cellsOf) {
  const rowsOf = (id) => reports.find((report) => segmenterOf(report) === id)?.rows ?? [];
  const groups = [...new Set(reports[0].rows.map(({ targetId }) => groupOf(dataset, targetId)))];
  return groups.map((group) => {
    const inGroup = ({ targetId }) => groupOf(dataset, targetId) === group;
    const cells = ids.flatMap((id) => cellsOf(rowsOf(id).filter(inGroup)));
    const count = reports[0].rows.filter(inGroup).length;
    return `| ${[dataset, group, String(count), ...cells].join(' | ')} |`;
  });
}

function table(reports, ids, headings, cellsOf) {
  const datasets = [...new Set(reports.map(({ dataset }) => dataset))];
  const columns = ids.flatMap((id) => headings.map((heading) => `${id} ${heading}`));
  return [
    `| set (test) | target | n | ${columns.join(' | ')} |`,
    `| --- | --- | ---: | ${columns.map(() => '---:').join(' | ')} |`,
    ...datasets.flatMap((dataset) =>
      tableRows(
        dataset,
        reports.filter((report) => report.dataset === dataset),
        ids,
        cellsOf,
      ),
    ),
    '',
  ];
}

/** Older reports do not know the IoU after each click. */
function nocTable(reports, ids) {
  const measured = reports.filter(({ rows }) => clicksToIou(rows, 1) !== null);
  if (measured.length === 0) return [];
  return [
    'NoC: mean number of these clicks until the mask has an IoU of 0.85 or 0.90 with the truth, 20 where it never has;',
    'in brackets, in how many cases it never has.',
    '',
    ...table(measured, ids, ['NoC@85', 'NoC@90'], nocCells),
  ];
}

/** `reports`: of the oracle that clicks on, one a data set and segmenter. */
export function renderSegmenters(reports) {
  if (reports.length === 0) return [];
  const ids = [...new Set(reports.map(segmenterOf))].sort();
  const methods = [...new Set(reports.flatMap(({ rows }) => rows.map(({ method }) => method)))];
  return [
    '## Segmenters',
    '',
    `Mean Dice after the first, third and fifth click of the oracle, which here clicks five times whatever is reached, then on to an IoU of 0.90 (\`--methods ${methods.join(',')}\`).`,
    'Of the nuclei, one target is all nuclei of a picture (12 at most), the rest are single ones; `medscribble` was never trained on by ours (of its tasks, SCD is the Sunnybrook set).',
    '',
    ...table(reports, ids, shownClicks.map(String), diceCells),
    ...nocTable(reports, ids),
    'How long a click takes is in [bench.md](bench.md).',
    '',
  ];
}
