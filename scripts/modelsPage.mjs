// docs/models.md and its plots from the stored reports: `npm run models-page`. test/unit/tooling/modelsPage.test.ts
// keeps them equal. The reports are made by `npm run eval`, which runs this too: those of the policy in
// docs/models/reports/, those that compare segmenters in its folder segmenters/,
// those of whole volumes in propagation/, those of what no policy was taught in generality/, of the training itself in training/.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { inRepo } from './lib/paths.mjs';
import { renderFailures } from './lib/failuresSection.mjs';
import { renderGenerality } from './lib/generalitySection.mjs';
import { plotName, renderPolicy } from './lib/policySection.mjs';
import { renderPropagation } from './lib/propagationSection.mjs';
import { renderSegmenters } from './lib/segmentersSection.mjs';
import { drawStepsPlot } from './lib/stepsPlot.mjs';
import { renderAblation, renderStages } from './lib/trainingSection.mjs';

export const reportsDir = inRepo('docs', 'models', 'reports');
const plotsDir = inRepo('docs', 'models', 'plots');
const page = inRepo('docs', 'models.md');

function loadReports(folder) {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')));
}

const loadTraining = (name) => {
  const file = path.join(reportsDir, 'training', name);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
};

export function renderModelsPage() {
  const head = readFileSync(inRepo('docs', 'models', 'head.md'), 'utf8').trimEnd();
  const lines = [
    head,
    '',
    ...renderSegmenters(loadReports(path.join(reportsDir, 'segmenters'))),
    ...renderPropagation(loadReports(path.join(reportsDir, 'propagation'))),
    ...renderPolicy(loadReports(reportsDir)),
    ...renderFailures(loadReports(reportsDir)),
    ...renderGenerality(loadReports(path.join(reportsDir, 'generality'))),
    ...renderStages(loadTraining('stages.json')),
    ...renderAblation(loadTraining('ablation.json')),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** File name -> SVG. */
export const renderPlots = () =>
  new Map(loadReports(reportsDir).map((report) => [plotName(report), drawStepsPlot(report)]));

export function writeModelsPage() {
  writeFileSync(page, renderModelsPage());
  rmSync(plotsDir, { recursive: true, force: true });
  mkdirSync(plotsDir, { recursive: true });
  for (const [name, svg] of renderPlots()) writeFileSync(path.join(plotsDir, name), svg);
  return page;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`wrote ${path.relative(process.cwd(), writeModelsPage())}\n`);
