#!/usr/bin/env node
// `node scripts/compactReport.mjs REPORT OUT`: a report of `ibis eval` on one line, its numbers to four decimals.
import { readFileSync, writeFileSync } from 'node:fs';

const [report, out] = process.argv.slice(2);
if (report === undefined || out === undefined) {
  process.stderr.write('Usage: node scripts/compactReport.mjs REPORT OUT\n');
  process.exit(1);
}
const round = (_, value) => (typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value);
writeFileSync(out, `${JSON.stringify(JSON.parse(readFileSync(report, 'utf8')), round)}\n`);
