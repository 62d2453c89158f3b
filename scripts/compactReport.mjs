#!/usr/bin/env node
// `node scripts/compactReport.mjs REPORT OUT`: stores a report that `ibis eval` wrote apart from `npm run eval`.
import { readFileSync, writeFileSync } from 'node:fs';

import { compactReport } from './lib/compact.mjs';

const [report, out] = process.argv.slice(2);
if (report === undefined || out === undefined) {
  process.stderr.write('Usage: node scripts/compactReport.mjs REPORT OUT\n');
  process.exit(1);
}
writeFileSync(out, compactReport(JSON.parse(readFileSync(report, 'utf8'))));
