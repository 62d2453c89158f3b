import { expect, it } from 'vitest';

import { countWords } from '../../../src/engine/eval/countWords.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import { emptyAgentState, appendStep } from '../../../src/engine/agent/agentState.js';
import type { Target } from '../../../src/contract/targets.js';

const target: Target = {
  id: 'disc',
  name: 'disc',
  labels: 'any',
  requests: ['Segment the disc.'],
  axis: 'acquired',
  slices: { rule: 'all' },
  instances: 'merged',
  minPixels: 1,
  window: { centre: 128, width: 256 },
  trainMeanPosition: undefined,
};
/** Its centre is at (0.75, 0.5). */
const truth = { width: 4, height: 1, data: Uint8Array.from([0, 0, 1, 1]) };

function stateOf(texts: readonly string[]) {
  const mask = packMask(emptyMask(4, 1));
  return texts.reduce(
    (state, policyText) =>
      appendStep(
        state,
        { kind: 'unparsed', problem: '' }, // only the words are read
        { policyText, reasoning: '', policyMs: 1 },
        { mask },
      ).state,
    emptyAgentState,
  );
}

it('counts words that point to their click, from the centre of the image first, then from that of the target', () => {
  const toward = (side: string, x: string) =>
    `<think>It lies toward the ${side} of the image.</think><action>Positive Point (${x}, 0.5000)</action>`;
  const state = stateOf([
    toward('right', '0.6000'), // of the image's centre, and left of the target's
    toward('right', '0.6000'),
    toward('left', '0.6000'),
    '<think>Somewhere.</think><action>Positive Point (0.6000, 0.5000)</action>',
    'Left.',
    '<think>Enough.</think><action>Terminate</action><answer>Done.</answer>',
  ]);
  expect(countWords(state, { target, truth })).toEqual({
    unparsed: 1,
    directions: 3,
    directionsRight: 2,
  });
});
