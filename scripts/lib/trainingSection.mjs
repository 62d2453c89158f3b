/**
 * The training, measured in PyTorch on held-out cases: sections of docs/models.md from docs/models/reports/training/,
 * where the files that `python -m ibis_training evaluate` and `... ablate` wrote are laid.
 */
import { percent } from './policyFigures.mjs';

/** `rows`: what `python -m ibis_training ablate` wrote. */
export function renderAblation(rows) {
  if (rows.length === 0) return [];
  const { n, absent } = rows[0];
  const minutes = Math.max(...rows.map(({ sftMinutes, rlMinutes }) => sftMinutes + rlMinutes));
  const alone = rows.filter(({ arm }) => arm.endsWith(' alone')).length;
  const untrained = rows.find(({ sftMinutes, rlMinutes }) => sftMinutes + rlMinutes === 0);
  const written =
    untrained === undefined
      ? []
      : [
          `- _${untrained.arm}_ is the policy before it learnt to write: ${percent(untrained.parsed)} of its texts parse. The policy is trained from scratch, so without`,
          '  fine-tuning there are no words to reinforce; the paper starts from a pretrained model, which writes before any training.',
        ];
  return [
    '## What each part of the training brings',
    '',
    `From \`python -m ibis_training ablate\`: small policies, not the bundled one, played greedily in PyTorch on **held-out validation cases** of the`,
    `train splits and on no test case: the same ${String(n)} requests for what is there and ${String(absent)} for what is not, for all ${String(rows.length)} arms.`,
    '',
    `- An arm is one policy, trained with the named parts from the same vision encoder (stage A), for at most ${String(minutes)} minutes of`,
    '  the processor in all, far fewer than the release; the second column says how they are shared out between the stages. Stage 2 plays',
    '  fewer requests an iteration than for the release and takes bolder steps (`ablate.rl` in `training/nano.yaml`).',
    '- Reflection: the trajectories in which a wrong click or a wrong mask is found and mended.',
    ...(alone === 0
      ? []
      : [
          `- The rewards one by one: in each of the ${String(alone)} arms "with ... alone", that term is the only reward of stage 2, all others at 0; before it,`,
          '  all were fine-tuned alike.',
        ]),
    ...written,
    `- One seed an arm. There is no interval: the report keeps means, not cases. A mean of ${String(n)} Dice values, each between 0 and 1, has a standard`,
    `  error of at most 0.5/√${String(n)} = ${(0.5 / Math.sqrt(n)).toFixed(3)}; how far another seed would lead was not measured. Small differences say nothing.`,
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
    '## Reinforcement learning against fine-tuning, on held-out cases',
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
