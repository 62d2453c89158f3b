/** What the policy's failures have in common: a section of docs/models.md, counted from the stored reports. */
import { segmenterOf } from './evalFigures.mjs';

/** A case fails where the agent ends so far below the oracle with the same segmenter, in Dice. */
const FAILED_BELOW_ORACLE = 0.1;
const NEVER_FOUND_DICE = 0.3; // no mask on the way was better
const LOST_DICE = 0.05; // the best mask on the way was better than the last by more
const SEGMENTER_LIMIT_DICE = 0.8; // less is all that the oracle reaches

/** In this order: a case counts once. */
const kinds = [
  ['refused', ({ stopReason }) => stopReason === 'target-absent'],
  ['never found', ({ best }) => best < NEVER_FOUND_DICE],
  ['had it, lost it', ({ best, dice }) => best - dice > LOST_DICE],
  ['stopped too early', ({ stopReason }) => stopReason === 'policy-stop'],
  ['went round', () => true], // repeated itself, or came to the step limit
];

/** { n, failed, byKind: [count a kind], beyondOracle } of one target's rows. */
export function countFailures(rows) {
  const oracleDice = new Map(
    rows.filter(({ method }) => method === 'oracle').map(({ caseId, dice }) => [caseId, dice]),
  );
  const agent = rows.filter(({ method }) => method === 'agent');
  const failed = agent
    .filter(({ caseId, dice }) => (oracleDice.get(caseId) ?? 0) - dice > FAILED_BELOW_ORACLE)
    .map((row) => ({ ...row, best: Math.max(0, ...row.diceByStep) }));
  const kindOf = (row) => kinds.findIndex(([, holds]) => holds(row));
  return {
    n: agent.length,
    failed: failed.length,
    byKind: kinds.map((_, index) => failed.filter((row) => kindOf(row) === index).length),
    beyondOracle: agent.filter(({ caseId }) => (oracleDice.get(caseId) ?? 1) < SEGMENTER_LIMIT_DICE)
      .length,
  };
}

export function renderFailures(reports) {
  const counted = reports.flatMap((report) =>
    [...new Set(report.rows.map(({ targetId }) => targetId))].map((targetId) => ({
      name: `${report.dataset}, ${targetId}`,
      segmenter: segmenterOf(report),
      ...countFailures(report.rows.filter((row) => row.targetId === targetId)),
    })),
  );
  const shown = counted.filter(({ n }) => n > 0);
  if (shown.length === 0) return [];
  return [
    '## What the failures have in common',
    '',
    `Cases in which the agent ends more than ${FAILED_BELOW_ORACLE.toFixed(2)} Dice below the oracle, each counted once: it refused; no mask on the way`,
    `was better than ${NEVER_FOUND_DICE.toFixed(1)}; a mask on the way was better than the last by more than ${LOST_DICE.toFixed(2)}; it stopped while clicks would have helped; it`,
    `repeated itself or came to the limit. The last column: cases in which the oracle itself stays below ${SEGMENTER_LIMIT_DICE.toFixed(1)}, the segmenter's limit.`,
    '',
    `| set, target | segmenter | n | failed | ${kinds.map(([name]) => name).join(' | ')} | oracle below ${SEGMENTER_LIMIT_DICE.toFixed(1)} |`,
    `| --- | --- | ---: | ---: | ${kinds.map(() => '---:').join(' | ')} | ---: |`,
    ...shown.map(
      ({ name, segmenter, n, failed, byKind, beyondOracle }) =>
        `| ${[name, segmenter, n, failed, ...byKind, beyondOracle].join(' | ')} |`,
    ),
    '',
  ];
}
