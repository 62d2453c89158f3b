import type { PolicyText } from './grammar.js';
import type { Mask } from './mask.js';
import type { NormalisedPoint, SliceAxis } from './plane.js';

/**
 * Whether the words of a step point where its click lies. The rule is training/ibis_training/reasoning.py's
 * `check_direction`, which also writes such words; test/fixtures/parity/directions.json binds both.
 */

/** Toward the image's left, right, top, bottom; of a patient left and right are the patient's. */
const DIRECTIONS: Record<SliceAxis, readonly [string, string, string, string]> = {
  axial: ["the patient's right", "the patient's left", 'anterior', 'posterior'],
  coronal: ["the patient's right", "the patient's left", 'superior', 'inferior'],
  sagittal: ['anterior', 'posterior', 'superior', 'inferior'],
  acquired: [
    'the left of the image',
    'the right of the image',
    'the top of the image',
    'the bottom of the image',
  ],
};
const NEAR = 0.04; // of the image side: closer than this has no direction

/** Mean of the pixel centres. */
function findCentre({ width, height, data }: Mask): NormalisedPoint {
  let count = 0;
  let columns = 0;
  let rows = 0;
  for (let p = 0; p < data.length; p++) {
    if (data[p] !== 1) continue;
    count++;
    columns += p % width;
    rows += Math.floor(p / width);
  }
  return { x: (columns / count + 0.5) / width, y: (rows / count + 0.5) / height };
}

/**
 * Null where the reasoning names no direction or the step is no click. A step before there is any mask speaks of the
 * target as seen from the image's centre, later ones of a part as seen from the target's.
 */
export function checkDirection(
  { reasoning, action }: PolicyText,
  axis: SliceAxis,
  truth: Mask,
  isBeforeMask: boolean,
): boolean | null {
  if (action.kind !== 'click') return null;
  const origin = isBeforeMask ? { x: 0.5, y: 0.5 } : findCentre(truth);
  const dx = action.normalised.x - origin.x;
  const dy = action.normalised.y - origin.y;
  const toward = [-dx, dx, -dy, dy]; // as in DIRECTIONS
  const named = toward.filter((_, side) =>
    reasoning.includes(`toward ${DIRECTIONS[axis][side] ?? ''}.`),
  );
  const last = named.at(-1);
  if (last !== undefined) return last > -NEAR / 4;
  const isCentral = /near (?:its|the image) centre\.$/.test(reasoning);
  return isCentral ? Math.max(Math.abs(dx), Math.abs(dy)) < 2 * NEAR : null;
}
