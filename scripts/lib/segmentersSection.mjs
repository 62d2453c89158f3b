/** What the oracle's clicks come to with each segmenter: a section of docs/models.md. */
import { clicksToIou, mean, segmenterOf } from './evalFigures.mjs';
import { medscribble } from './evalJobs.mjs';
import { isTaughtTask } from './generalitySection.mjs';

const shownClicks = [1, 3, 5];
export const shownIous = [0.85, 0.9];
const fixed = (value) => value.toFixed(3);

/** Dice after the n-th click; a case whose mask was perfect before keeps its value. */
const diceAt = (row, clicks) => row.diceByStep[Math.min(clicks, row.diceByStep.length) - 1] ?? 0;

/** Single nuclei are asked for in many words, which mean nothing to a segmenter. */
export const groupOf = (dataset, targetId) =>
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

/** Tables under headings of their own: sets that were trained on, those that were not, and what is both. */
function tables(reports, ids, headings, cellsOf) {
  const part = (holds) =>
    reports.flatMap((report) => {
      const rows = report.rows.filter(({ targetId }) => holds(report.dataset, targetId));
      return rows.length === 0 ? [] : [{ ...report, rows }];
    });
  const isOther = (dataset) => dataset === medscribble;
  const parts = [
    ['', part((dataset) => !isOther(dataset))],
    ['Never trained on by ours:', part((dataset, id) => isOther(dataset) && !isTaughtTask(id))],
    [
      'Apart, since its pictures are of the Sunnybrook set, which ours was trained on:',
      part((dataset, id) => isOther(dataset) && isTaughtTask(id)),
    ],
  ];
  return parts.flatMap(([heading, shown]) =>
    shown.length === 0
      ? []
      : [...(heading === '' ? [] : [heading, '']), ...table(shown, ids, headings, cellsOf)],
  );
}

/** Older reports do not know the IoU after each click. */
function nocTables(reports, ids) {
  const measured = reports.filter(({ rows }) => clicksToIou(rows, 1) !== null);
  if (measured.length === 0) return [];
  return [
    'NoC: mean number of these clicks until the mask has an IoU of 0.85 or 0.90 with the truth, 20 where it never has;',
    'in brackets, in how many cases it never has.',
    '',
    ...tables(measured, ids, ['NoC@85', 'NoC@90'], nocCells),
  ];
}

/** [{ group, [id]: [Dice after the shown clicks] }] of every target that both segmenters were measured on. */
function diceByGroup(reports, ids) {
  const groups = new Map();
  for (const report of reports)
    for (const row of report.rows) {
      const name = `${report.dataset} ${groupOf(report.dataset, row.targetId)}`;
      const found = groups.get(name) ?? Object.fromEntries(ids.map((id) => [id, []]));
      found[segmenterOf(report)]?.push(row);
      groups.set(name, found);
    }
  return [...groups]
    .filter(([, found]) => ids.every((id) => found[id].length > 0))
    .map(([group, found]) => ({
      group,
      dice: ids.map((id) =>
        shownClicks.map((clicks) => mean(found[id].map((row) => diceAt(row, clicks)))),
      ),
    }));
}

/** On how many targets the first of two segmenters is no worse than the second, and where it is. */
function compareOn(what, compared, [own, other]) {
  const counts = shownClicks.map((clicks, k) => {
    const behind = compared.filter(({ dice }) => dice[0][k] < dice[1][k]);
    const named = behind.map(({ group, dice }) => {
      const difference = 100 * (dice[1][k] - dice[0][k]);
      return `${group.replace(`${medscribble} `, '')} by ${difference < 0.1 ? 'less than 0.1' : difference.toFixed(1)}`;
    });
    const where = behind.length === 0 ? '' : ` (behind, in Dice points: ${named.join(', ')})`;
    return `- after click ${String(clicks)}: ${String(compared.length - behind.length)} of ${String(compared.length)}${where}`;
  });
  return [`${what}, ${own} is no worse than ${other} on`, '', ...counts, ''];
}

/** Lines that compare two segmenters, by id, on what was trained on and on what was not. */
export function compareSegmenters(reports, ids) {
  const compared = diceByGroup(
    reports.map((report) => ({
      ...report,
      rows: report.rows.filter(
        ({ targetId }) => report.dataset !== medscribble || !isTaughtTask(targetId),
      ),
    })),
    ids,
  );
  const isOther = ({ group }) => group.startsWith(`${medscribble} `);
  const [taught, others] = [compared.filter((c) => !isOther(c)), compared.filter(isOther)];
  return [
    ...(taught.length === 0
      ? []
      : compareOn('Of the targets of the sets that ours was trained on', taught, ids)),
    ...(others.length === 0
      ? []
      : compareOn('Of the tasks of MedScribble, SCD not counted', others, ids)),
  ];
}

/** Dice of one or more segmenters, for a card. */
export const diceTables = (reports, ids) =>
  tables(
    reports.filter((report) => ids.includes(segmenterOf(report))),
    ids,
    shownClicks.map(String),
    diceCells,
  );

/** `reports`: of the oracle that clicks on, one a data set and segmenter. */
export function renderSegmenters(reports) {
  if (reports.length === 0) return [];
  const ids = [...new Set(reports.map(segmenterOf))].sort();
  const methods = [...new Set(reports.flatMap(({ rows }) => rows.map(({ method }) => method)))];
  return [
    '## Segmenters',
    '',
    `Mean Dice after the first, third and fifth click of the oracle, which here clicks five times whatever is reached, then on to an IoU of 0.90 (\`--methods ${methods.join(',')}\`).`,
    'Of the nuclei, one target is all nuclei of a picture (12 at most), the rest are single ones.',
    '',
    ...diceTables(reports, ids),
    ...(ids.length === 2 ? compareSegmenters(reports, ids) : []),
    ...nocTables(reports, ids),
    'How long a click takes is in [bench.md](bench.md).',
    '',
  ];
}
