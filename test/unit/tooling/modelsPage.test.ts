import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { countFailures } from '../../../scripts/lib/failuresSection.mjs';
import { renderPolicy } from '../../../scripts/lib/policySection.mjs';
import { renderPropagation } from '../../../scripts/lib/propagationSection.mjs';
import { renderSegmenters } from '../../../scripts/lib/segmentersSection.mjs';
import { renderAblation, renderStages } from '../../../scripts/lib/trainingSection.mjs';
import { renderModelsPage, renderPlots } from '../../../scripts/modelsPage.mjs';

const docs = path.join(import.meta.dirname, '../../../docs');

describe('docs/models.md', () => {
  it('is equal to the stored reports', () => {
    expect(readFileSync(path.join(docs, 'models.md'), 'utf8')).toBe(renderModelsPage());
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
    const lines = renderPolicy([{ ...base, rows, means }]);
    expect(lines).toContain(
      '| discs | s | 1 | 0.900 / 0.900 = 1.00 | 2.0 | 100.0% | 75.0% | 100.0% | 0.0% | 1.5 |',
    );
    expect(lines.join('\n')).toContain('whole case, encoding included: 1.5 s');
  });

  it('leaves out what an older report has not', () => {
    const lines = renderPolicy([{ ...base, rows: [row('agent', {}), row('oracle', {})], means }]);
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
