/** What the rows of `ibis eval` come to. Rows of older reports lack some fields: such a figure is then null. */

export const MOST_CLICKS = 20; // cap of NoC, as in the literature

/** The id of the segmenter that a report was made with. */
export const segmenterOf = ({ models }) =>
  models.find(({ role }) => role === 'segmenter')?.id ?? '';

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Mean Dice after the first click, the second, ...: a case that has stopped keeps its last value. */
export const diceCurve = (rows, length) =>
  Array.from({ length }, (_, step) =>
    mean(rows.map(({ diceByStep, dice }) => diceByStep[step] ?? dice)),
  );

/** Mean number of clicks to an IoU, the cap where it is never reached, and in how many cases it is not. */
export function clicksToIou(rows, iou) {
  if (rows.length === 0 || rows.some(({ iouByStep }) => iouByStep === undefined)) return null;
  const reachedAt = rows.map(({ iouByStep }) => iouByStep.findIndex((value) => value >= iou));
  return {
    clicks: mean(reachedAt.map((step) => (step === -1 ? MOST_CLICKS : step + 1))),
    missed: reachedAt.filter((step) => step === -1).length,
  };
}

/** The policy's texts of all rows, counted together. */
export function countWords(rows) {
  const counts = rows.flatMap(({ words }) => words ?? []);
  if (counts.length === 0) return null;
  const total = (name) => counts.reduce((sum, words) => sum + words[name], 0);
  return {
    steps: rows.reduce((sum, row) => sum + (row.words === undefined ? 0 : row.steps), 0),
    unparsed: total('unparsed'),
    directions: total('directions'),
    directionsRight: total('directionsRight'),
  };
}

/** A refusal says that the target is absent, and has clicked nowhere. */
const isRefused = ({ stopReason, diceByStep }) =>
  stopReason === 'target-absent' && diceByStep.length === 0;

/** What is absent must be refused, what is present must not: there any stop that says "absent" is wrong. */
export function countRefusals(rows) {
  const absent = rows.filter(({ method }) => method === 'absent-request');
  const present = rows.filter(({ method }) => method === 'agent');
  return {
    absent: absent.length,
    absentRefused: absent.filter(isRefused).length,
    present: present.length,
    presentRefused: present.filter(({ stopReason }) => stopReason === 'target-absent').length,
  };
}

/** Median seconds of a case from its picture to the agent's stop, encoding included. */
export function wholeCaseSeconds(rows) {
  if (rows.length === 0 || rows.some(({ encodeMs }) => encodeMs === undefined)) return null;
  return median(rows.map(({ elapsedMs, encodeMs }) => elapsedMs + encodeMs)) / 1000;
}
