/** A report of `ibis eval` on one line, its numbers to four decimals: as it is stored in docs/models/reports/. */
export function compactReport(report) {
  const round = (_, value) => (typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value);
  return `${JSON.stringify(report, round)}\n`;
}
