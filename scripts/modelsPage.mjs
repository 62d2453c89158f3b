// docs/models.md, its plots and the figures on the model cards from the stored reports: `npm run models-page`.
// test/unit/tooling/modelsPage.test.ts keeps them equal. The reports are made by `npm run eval`, which runs this too: those
// of the policy in docs/models/reports/, those that compare segmenters in its folder segmenters/, those of whole volumes in
// propagation/, those of what no policy was taught in generality/, those of the policy before reinforcement learning in
// sft/, of the training itself in training/. Prose that no report holds is in head.md, tried.md and the cards.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { renderAgainstFineTuning } from './lib/againstFineTuning.mjs';
import { renderAgentClicks } from './lib/agentClicksSection.mjs';
import { cardLines, fillCard } from './lib/cards.mjs';
import { renderFailures } from './lib/failuresSection.mjs';
import { renderGenerality } from './lib/generalitySection.mjs';
import { renderGoals } from './lib/goalsSection.mjs';
import { inRepo } from './lib/paths.mjs';
import { plotName, renderPolicy, renderSets } from './lib/policySection.mjs';
import { renderPropagation } from './lib/propagationSection.mjs';
import { renderSegmenters } from './lib/segmentersSection.mjs';
import { drawStepsPlot } from './lib/stepsPlot.mjs';
import { renderAblation, renderStages } from './lib/trainingSection.mjs';

export const reportsDir = inRepo('docs', 'models', 'reports');
const modelsDir = inRepo('resources', 'models');
const cardsDir = inRepo('docs', 'models');
const plotsDir = path.join(cardsDir, 'plots');
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

const inFolder = (name) => loadReports(path.join(reportsDir, name));
const readProse = (name) => readFileSync(path.join(cardsDir, name), 'utf8').trimEnd();

export function renderModelsPage() {
  const policy = loadReports(reportsDir);
  const segmenters = inFolder('segmenters');
  const lines = [
    readProse('head.md'),
    '',
    ...renderSegmenters(segmenters),
    ...renderPropagation(inFolder('propagation')),
    ...renderPolicy(policy),
    ...renderGoals(policy, [readProse('tried.md'), '']),
    ...renderAgentClicks(policy, segmenters),
    ...renderAgainstFineTuning(policy, inFolder('sft')),
    ...renderSets(policy),
    ...renderFailures(policy),
    ...renderGenerality(inFolder('generality')),
    ...renderStages(loadTraining('stages.json')),
    ...renderAblation(loadTraining('ablation.json')),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** File name of a card -> its text, with the figures of now. */
export function renderCards() {
  const policy = loadReports(reportsDir);
  const validation = loadTraining('segmenters.json');
  const manifests = new Map(
    readdirSync(modelsDir).map((id) => {
      const manifest = JSON.parse(readFileSync(path.join(modelsDir, id, 'manifest.json'), 'utf8'));
      return [manifest.id, manifest];
    }),
  );
  const found = cardLines({ policy, segmenters: inFolder('segmenters'), validation, manifests });
  const card = (name) => readFileSync(path.join(cardsDir, name), 'utf8');
  return new Map([...found].map(([name, lines]) => [name, fillCard(card(name), lines)]));
}

/** File name -> SVG. */
export const renderPlots = () =>
  new Map(loadReports(reportsDir).map((report) => [plotName(report), drawStepsPlot(report)]));

export function writeModelsPage() {
  writeFileSync(page, renderModelsPage());
  for (const [name, text] of renderCards()) writeFileSync(path.join(cardsDir, name), text);
  rmSync(plotsDir, { recursive: true, force: true });
  mkdirSync(plotsDir, { recursive: true });
  for (const [name, svg] of renderPlots()) writeFileSync(path.join(plotsDir, name), svg);
  return page;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`wrote ${path.relative(process.cwd(), writeModelsPage())}\n`);
