/** Measurements of test-results/bench.json as rows of a Markdown table, in the order in which they were taken. */
const format = ({ value, unit }) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ${unit}`;

function verdict({ value, unit, target }) {
  if (target === undefined) return '';
  return `${value <= target ? 'met' : 'missed'} (${target} ${unit})`;
}

export function benchTable(measurements) {
  return [
    '| measured | value | target | note |',
    '| --- | ---: | --- | --- |',
    ...measurements.map(
      (measured) =>
        `| ${measured.name} | ${format(measured)} | ${verdict(measured)} | ${measured.note ?? ''} |`,
    ),
  ];
}
