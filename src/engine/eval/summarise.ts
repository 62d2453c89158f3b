import { evalMethods } from '../../contract/evalMethods.js';
import type { EvalMethod } from '../../contract/evalMethods.js';
import type { EvalDifference, EvalMean, EvalRow } from '../../contract/evalReport.js';

const RESAMPLES = 2000;

export const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;

/** mulberry32: a small generator, so that an interval is the same on every run. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** 95% bootstrap interval of the mean over cases. */
export function computeInterval(
  values: readonly number[],
  seed: number,
): { readonly low95: number; readonly high95: number } {
  const random = createRandom(seed);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let total = 0;
    for (let draw = 0; draw < values.length; draw++)
      total += values[Math.floor(random() * values.length)] ?? 0;
    return total / values.length;
  }).sort();
  const at = (share: number): number => means[Math.round(share * (RESAMPLES - 1))] ?? NaN;
  return { low95: at(0.025), high95: at(0.975) };
}

/** Each target alone in order of appearance, then all together where there is more than one. */
function groupByTarget(rows: readonly EvalRow[]): { targetId: string | null; rows: EvalRow[] }[] {
  const ids = [...new Set(rows.map(({ targetId }) => targetId))];
  const groups: { targetId: string | null; rows: EvalRow[] }[] = ids.map((targetId) => ({
    targetId,
    rows: rows.filter((row) => row.targetId === targetId),
  }));
  return ids.length > 1 ? [...groups, { targetId: null, rows: [...rows] }] : groups;
}

export function computeMeans(rows: readonly EvalRow[], seed: number): EvalMean[] {
  return groupByTarget(rows).flatMap(({ targetId, rows: group }) =>
    evalMethods.flatMap((method) => {
      const own = group.filter((row) => row.method === method);
      if (own.length === 0) return [];
      const dice = own.map((row) => row.dice);
      return [
        {
          targetId,
          method,
          n: own.length,
          dice: mean(dice),
          ...computeInterval(dice, seed),
          iou: mean(own.map((row) => row.iou)),
          steps: mean(own.map((row) => row.steps)),
          elapsedMs: mean(own.map((row) => row.elapsedMs)),
        },
      ];
    }),
  );
}

/** The agent less each baseline, over the cases that both have. */
export function computeDifferences(rows: readonly EvalRow[], seed: number): EvalDifference[] {
  // Of what is absent there is another truth, an empty one.
  const baselines: EvalMethod[] = evalMethods.filter(
    (method) => method !== 'agent' && method !== 'absent-request',
  );
  return groupByTarget(rows).flatMap(({ targetId, rows: group }) =>
    baselines.flatMap((baseline) => {
      const agent = new Map(
        group.filter(({ method }) => method === 'agent').map((row) => [row.caseId, row.dice]),
      );
      const differences = group.flatMap((row) => {
        const dice = row.method === baseline ? agent.get(row.caseId) : undefined;
        return dice === undefined ? [] : [dice - row.dice];
      });
      if (differences.length === 0) return [];
      const interval = computeInterval(differences, seed);
      return [{ targetId, baseline, n: differences.length, dice: mean(differences), ...interval }];
    }),
  );
}
