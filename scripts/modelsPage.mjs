// docs/models.md from the stored reports: `npm run models-page`. test/unit/tooling/modelsPage.test.ts keeps
// the two equal. Reports are made by `ibis eval ... --methods all` and stored in docs/models/reports/; those that
// compare segmenters by `--methods oracle-five`, compacted by scripts/compactReport.mjs, in its folder segmenters/.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { renderSegmenters } from './lib/segmentersSection.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const reportsDir = path.join(root, 'docs/models/reports');
const page = path.join(root, 'docs/models.md');

const methodNames = {
  agent: 'agent, when it stops',
  oracle: 'oracle clicks',
  'centre-click': 'one click at the centre',
  'mean-position-click': 'one click at the training mean',
  'other-image': "agent shown another case's image",
  'other-request': 'agent asked for the contrasting target',
};

const fixed = (value, digits = 3) => value.toFixed(digits);

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Mean Dice after the first click, the second, ...: a case that has stopped keeps its last value. */
function curve(rows, length) {
  return Array.from({ length }, (_, step) => {
    const at = rows.map(({ diceByStep, dice }) =>
      step < diceByStep.length ? diceByStep[step] : dice,
    );
    return at.reduce((sum, value) => sum + value, 0) / at.length;
  });
}

function targetSection(report, targetId) {
  const of = (method) => report.means.find((m) => m.targetId === targetId && m.method === method);
  const agent = of('agent');
  const oracle = of('oracle');
  const rowsOf = (method) =>
    report.rows.filter((row) => row.targetId === targetId && row.method === method);
  const agentRows = rowsOf('agent');
  const lines = [
    `### ${targetId}`,
    '',
    '| method | n | Dice [95% interval] | IoU | steps | agent less this [95% interval] |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  for (const [method, name] of Object.entries(methodNames)) {
    const mean = of(method);
    if (mean === undefined) continue;
    const difference = report.differences.find(
      (d) => d.targetId === targetId && d.baseline === method,
    );
    const less =
      difference === undefined
        ? ''
        : `${fixed(difference.dice)} [${fixed(difference.low95)}, ${fixed(difference.high95)}]`;
    lines.push(
      `| ${name} | ${String(mean.n)} | ${fixed(mean.dice)} [${fixed(mean.low95)}, ${fixed(mean.high95)}] | ${fixed(mean.iou)} | ${fixed(mean.steps, 1)} | ${less} |`,
    );
  }
  const unparsed = agentRows.filter(({ stopReason }) => stopReason === 'failed').length;
  const reasons = Object.entries(Object.groupBy(agentRows, ({ stopReason }) => stopReason)).map(
    ([reason, rows]) => `${reason} ${String(rows.length)}`,
  );
  const seconds = median(agentRows.map(({ elapsedMs }) => elapsedMs)) / 1000;
  lines.push(
    '',
    `Agent / oracle: **${fixed(agent.dice / oracle.dice, 2)}**. Ends: ${reasons.join(', ')}; text that did not parse ended ${String(unparsed)} of ${String(agentRows.length)} cases. Median time of a case, slice already encoded: ${fixed(seconds, 1)} s.`,
    '',
    `Mean Dice after click 1, 2, ...: agent ${curve(agentRows, 6)
      .map((d) => fixed(d, 2))
      .join(', ')}; oracle ${curve(rowsOf('oracle'), 6)
      .map((d) => fixed(d, 2))
      .join(', ')} (a case that has stopped keeps its value).`,
    '',
  );
  return lines;
}

function reportSection(report) {
  const targetIds = [...new Set(report.rows.map(({ targetId }) => targetId))];
  const policy = report.models.find(({ role }) => role === 'policy');
  return [
    `## ${report.dataset} (${report.split})`,
    '',
    `${String(report.data.files)} files, SHA-256 of the data ${report.data.sha256.slice(0, 16)}…; ` +
      `policy ${policy?.id ?? 'none'} (decoder ${(policy?.files['onnx/decoder_model_merged.onnx'] ?? '').slice(0, 16)}…), ` +
      `segmenter ${report.models.find(({ role }) => role === 'segmenter')?.id ?? ''}; ` +
      `seed ${String(report.seed)}, at most ${String(report.settings.maxSteps)} steps, no parse retries.`,
    '',
    ...targetIds.flatMap((targetId) => targetSection(report, targetId)),
  ];
}

function loadReports(folder) {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')));
}

export function renderModelsPage() {
  const head = readFileSync(path.join(root, 'docs/models/head.md'), 'utf8').trimEnd();
  const lines = [
    head,
    '',
    ...renderSegmenters(loadReports(path.join(reportsDir, 'segmenters'))),
    ...loadReports(reportsDir).flatMap(reportSection),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(page, renderModelsPage());
  process.stdout.write(`wrote ${path.relative(process.cwd(), page)}\n`);
}
