/** What the oracle's clicks come to with each segmenter: a section of docs/models.md. */

const shownClicks = [1, 3, 5];
const fixed = (value) => value.toFixed(3);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Dice after the n-th click; a case whose mask was perfect before keeps its value. */
const diceAt = (row, clicks) => row.diceByStep[Math.min(clicks, row.diceByStep.length) - 1] ?? 0;

/** Single nuclei are asked for in many words, which mean nothing to a segmenter. */
const groupOf = (dataset, targetId) =>
  dataset === 'dsb2018_nuclei' && targetId !== 'nuclei' ? 'one nucleus' : targetId;

const segmenterOf = (report) => report.models.find(({ role }) => role === 'segmenter').id;

function tableRows(dataset, reports, ids) {
  const rowsOf = (id) => reports.find((report) => segmenterOf(report) === id)?.rows ?? [];
  const groups = [...new Set(rowsOf(ids[0]).map(({ targetId }) => groupOf(dataset, targetId)))];
  return groups.map((group) => {
    const cells = ids.flatMap((id) => {
      const rows = rowsOf(id).filter(({ targetId }) => groupOf(dataset, targetId) === group);
      if (rows.length === 0) return shownClicks.map(() => '');
      return shownClicks.map((clicks) => fixed(mean(rows.map((row) => diceAt(row, clicks)))));
    });
    const count = rowsOf(ids[0]).filter(
      ({ targetId }) => groupOf(dataset, targetId) === group,
    ).length;
    return `| ${[dataset, group, String(count), ...cells].join(' | ')} |`;
  });
}

/** `reports`: of `ibis eval --methods oracle-five`, one a data set and segmenter. */
export function renderSegmenters(reports) {
  if (reports.length === 0) return [];
  const ids = [...new Set(reports.map(segmenterOf))].sort();
  const datasets = [...new Set(reports.map(({ dataset }) => dataset))];
  return [
    '## Segmenters',
    '',
    'Mean Dice after the first, third and fifth click of the oracle, which here clicks on whatever is reached (`--methods oracle-five`).',
    'Of the nuclei, one target is all nuclei of a picture (12 at most), the rest are single ones; `medscribble` was never trained on by ours (of its tasks, SCD is the Sunnybrook set).',
    '',
    `| set (test) | target | n | ${ids.flatMap((id) => shownClicks.map((clicks) => `${id} ${String(clicks)}`)).join(' | ')} |`,
    `| --- | --- | ---: | ${ids.flatMap(() => shownClicks.map(() => '---:')).join(' | ')} |`,
    ...datasets.flatMap((dataset) =>
      tableRows(
        dataset,
        reports.filter((report) => report.dataset === dataset),
        ids,
      ),
    ),
    '',
    'How long a click takes is in [bench.md](bench.md).',
    '',
  ];
}
