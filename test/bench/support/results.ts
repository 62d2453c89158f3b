import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { repoRoot } from '../../e2e/support/launch.js';

/** One measured number; `target` and `rivalOf` are what it is held against. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 's' | 'MiB' | 'per s' | 'per min' | 'times';
  /** A limit that it should stay under. */
  readonly target?: number;
  readonly note?: string;
}

export const resultsFile = path.join(repoRoot, 'test-results', 'bench.json');

export function loadMeasurements(): readonly Measurement[] {
  if (!existsSync(resultsFile)) return [];
  // Written by `record` alone.
  return (JSON.parse(readFileSync(resultsFile, 'utf8')) as { measurements: Measurement[] })
    .measurements;
}

/** Adds to `test-results/bench.json`, or replaces what an earlier run noted under the name. */
export function record(...added: readonly Measurement[]): void {
  const names = new Set(added.map(({ name }) => name));
  const kept = loadMeasurements().filter(({ name }) => !names.has(name));
  mkdirSync(path.dirname(resultsFile), { recursive: true });
  writeFileSync(resultsFile, JSON.stringify({ measurements: [...kept, ...added] }, null, 2));
  for (const { name, value, unit } of added)
    console.log(`  ${name.padEnd(52)} ${value.toFixed(value < 10 ? 2 : 0)} ${unit}`);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)];
  if (value === undefined) throw new Error('nothing was measured');
  return value;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
