/**
 * The training, measured in PyTorch on held-out cases: sections of docs/models.md from docs/models/reports/training/,
 * where the files that `python -m ibis_training evaluate` and `... ablate` wrote are laid.
 */

const percent = (share) => `${(100 * share).toFixed(1)}%`;

/** `rows`: what `python -m ibis_training ablate` wrote. */
export function renderAblation(rows) {
  if (rows.length === 0) return [];
  const { n, absent } = rows[0];
  return [
    '## What each part of the training brings',
    '',
    'From `python -m ibis_training ablate`: small policies in PyTorch on held-out cases of the train splits, not the bundled one, and no test',
    `case. Every arm has the same processor minutes, far fewer than the release; all share the vision encoder of stage A. ${String(n)} requests for`,
    `what is there, ${String(absent)} for what is not. Reflection: the trajectories in which a wrong click or a wrong mask is found and mended.`,
    '',
    '| arm | minutes SFT + RL | Dice | IoU | steps | text parses | absent refused | present refused | directions right |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      (row) =>
        `| ${row.arm} | ${String(row.sftMinutes)} + ${String(row.rlMinutes)} | ${row.dice.toFixed(3)} | ${row.iou.toFixed(3)} | ${row.steps.toFixed(1)} | ${percent(row.parsed)} | ${percent(row.refusedOfAbsent)} | ${percent(row.refusedOfPresent)} | ${percent(row.directionsRight)} |`,
    ),
    '',
  ];
}

/** `summaries`: of `python -m ibis_training evaluate`, by the stage after which it was run, in order. */
export function renderStages(summaries) {
  if (summaries.length === 0) return [];
  const curve = ({ diceByStep }) => diceByStep.map((dice) => dice.toFixed(3)).join(', ');
  return [
    '## Reinforcement learning against fine-tuning',
    '',
    'The bundled policy before and after stage 2, played greedily in PyTorch on held-out cases of the train splits: what the',
    'release was chosen by. No test case.',
    '',
    '| after | n | Dice | oracle | steps | text parses | absent refused | present refused | directions right | in the mirror |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...summaries.map(
      ({ stage, all }) =>
        `| ${stage} | ${String(all.n)} | ${all.dice.toFixed(3)} | ${all.oracle.toFixed(3)} | ${all.steps.toFixed(1)} | ${percent(all.parsed)} | ${percent(all.refusedOfAbsent)} | ${percent(all.refusedOfPresent)} | ${percent(all.directionsRight)} | ${percent(all.directionsRightMirrored)} |`,
    ),
    '',
    ...summaries.map(
      ({ stage, all }) => `- Mean Dice after step 1, 2, ..., ${stage}: ${curve(all)}`,
    ),
    '',
  ];
}
