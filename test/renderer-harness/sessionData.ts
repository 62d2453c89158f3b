import type { ModelId, SeriesId, SessionId } from '../../src/domain/brand.js';
import { noPrompts } from '../../src/domain/prompts.js';
import type { Action, SegmentationSession, Step } from '../../src/domain/session.js';

/** Made-up sessions, one for each state that the panel has to show. */
export const streamedText =
  '<think>The mask now covers the medial half. What is missing lies laterally, about 8 mm towards the image right';

const click = (
  index: number,
  label: 'include' | 'exclude',
  x: number,
  y: number,
  placedBy: 'policy' | 'user' = 'policy',
): Action => ({
  kind: 'click',
  click: {
    index,
    label,
    placedBy,
    normalised: { x, y },
    voxel: { i: 0, j: 0, k: 86 },
    world: { x: 0, y: 0, z: 0 },
  },
});

const step = (
  stepIndex: number,
  reasoning: string,
  action: Action,
  score: number | null,
): Step => ({
  stepIndex,
  followsStepIndex: stepIndex === 0 ? null : stepIndex - 1,
  policyText: reasoning,
  reasoning,
  action,
  prompts: noPrompts,
  mask: null,
  score,
  elapsedMs: 700 + stepIndex * 190,
  policyMs: 600,
  segmenterMs: 90,
  undone: false,
});

const four: readonly Step[] = [
  step(
    0,
    'Nothing is segmented yet. The left putamen lies lateral to the internal capsule, on the image right. A click goes to its centre.',
    click(0, 'include', 0.632, 0.447),
    0.62,
  ),
  step(
    1,
    'The mask leaves out the posterior part, about 6 mm long. An include click goes there.',
    click(1, 'include', 0.641, 0.502),
    0.78,
  ),
  step(
    2,
    'The mask runs over into the external capsule at the lateral edge. An exclude click takes it away.',
    click(2, 'exclude', 0.679, 0.471),
    0.86,
  ),
  step(
    3,
    'The edge is right now; a small gap remains at the front.',
    click(3, 'include', 0.625, 0.411),
    0.91,
  ),
];

const veryLong = `${'The region between the two limbs of the internal capsule is darker than the putamen and must not be taken for it. '.repeat(9)}A click goes to the centre of what is missing.`;

const base: SegmentationSession = {
  sessionId: 'session-now' as SessionId,
  settings: {
    seriesId: 's1-1' as SeriesId,
    seriesInstanceUID: '1.2.3.1',
    phaseIndex: 0,
    axis: 'axial',
    sliceIndex: 86,
    window: { centre: 512, width: 1024 },
    target: { text: 'left putamen' },
    policyId: 'ibis-first' as ModelId,
    segmenterId: 'minisam' as ModelId,
    maxSteps: 20,
    parseRetries: 1,
    seed: 0,
  },
  createdAt: new Date().toISOString(),
  updatedAt: new Date().toISOString(),
  runState: 'stopped',
  stopReason: 'policy-stop',
  answer: null,
  failure: null,
  decision: null,
  steps: four,
  ...noPrompts,
};

export function madeUpSession(kind: string): SegmentationSession {
  const stop = step(
    4,
    'The mask matches the putamen on this slice.',
    { kind: 'terminate', answer: 'Segmented: left putamen.' },
    0.91,
  );
  switch (kind) {
    case 'running':
      return { ...base, runState: 'running', stopReason: null, steps: four.slice(0, 2) };
    case 'paused':
      return { ...base, runState: 'paused', stopReason: null, steps: four.slice(0, 3) };
    case 'absent':
      return {
        ...base,
        stopReason: 'target-absent',
        answer:
          'Target absent: no putamen is visible on this slice; it lies above the basal ganglia.',
        steps: [
          step(
            0,
            'This slice lies above the basal ganglia.',
            { kind: 'terminate', answer: 'Target absent.' },
            null,
          ),
        ],
      };
    case 'step-limit':
      return {
        ...base,
        stopReason: 'step-limit',
        steps: Array.from({ length: 20 }, (_unused, at) =>
          step(
            at,
            `Correction ${at + 1} at the edge.`,
            click(at, at % 3 === 2 ? 'exclude' : 'include', 0.6, 0.4 + at / 100),
            0.6 + 0.25 * Math.sin(at / 4),
          ),
        ),
      };
    case 'unparsed':
      return {
        ...base,
        stopReason: 'failed',
        failure:
          'The policy wrote text that could not be understood twice in a row. Run it again, or place a click yourself.',
        steps: [
          ...four.slice(0, 1),
          {
            ...step(
              1,
              '',
              { kind: 'unparsed', problem: 'No action was found after the reasoning.' },
              null,
            ),
            policyText: '<think>The mask is too large <think>Positive Poi (0.5',
          },
        ],
      };
    case 'accepted':
      return {
        ...base,
        decision: 'accepted',
        answer: 'Segmented: left putamen.',
        steps: [...four, stop],
      };
    case 'long':
      return {
        ...base,
        settings: {
          ...base.settings,
          target: {
            text: 'the putamen on the left side of the patient, the whole of it, without the external capsule, without the claustrum and without the globus pallidus, on this slice only, as a neuroradiologist would outline it by hand',
          },
        },
        answer: veryLong,
        steps: four.map((each, at) => ({
          ...each,
          reasoning: at === 1 ? veryLong : each.reasoning,
        })),
      };
    case 'by-hand':
      return {
        ...base,
        stopReason: 'user-stop',
        steps: [
          ...four.slice(0, 2),
          step(2, '', click(2, 'exclude', 0.7, 0.42, 'user'), 0.83),
          {
            ...step(3, 'One more at the front.', click(3, 'include', 0.6, 0.41), 0.71),
            undone: true,
          },
          step(4, '', { kind: 'remove-click', clickIndex: 1, placedBy: 'user' }, 0.8),
        ],
      };
    default:
      return { ...base, answer: 'Segmented: left putamen.', steps: [...four, stop] };
  }
}
