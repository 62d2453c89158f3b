import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { renderPolicy } from '../../../scripts/lib/policySection.mjs';
import { renderSegmenters } from '../../../scripts/lib/segmentersSection.mjs';
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
