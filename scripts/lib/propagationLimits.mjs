/** Which limits tell best where a target ends, and which slices are bad: for scripts/propagationLimits.mjs. */
import { mean } from './evalFigures.mjs';

const scores = Array.from({ length: 41 }, (_, n) => 0.5 + n * 0.01);
const grayShifts = [0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 1000];
export const badDice = 0.7;
const goodDice = 0.8;
const mostFlagged = 0.25; // of all slices: a longer list is not gone through

/** The slices of both walks before a limit ends them. */
export function keptSlices({ slices }, { leastScore, mostGrayShift }) {
  return [1, -1].flatMap((way) => {
    const walk = slices
      .filter(({ steps }) => Math.sign(steps) === way)
      .sort((a, b) => Math.abs(a.steps) - Math.abs(b.steps));
    const end = walk.findIndex(
      ({ signs }) => signs.score < leastScore || signs.grayShift > mostGrayShift,
    );
    return end < 0 ? walk : walk.slice(0, end);
  });
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

function volumeDice(volume, slices) {
  const shared = volume.key.shared + sum(slices.map((slice) => slice.shared));
  const pixels = volume.key.pixels + sum(slices.map((slice) => slice.pixels));
  return (2 * shared) / (pixels + volume.truthPixels);
}

const pairs = scores.flatMap((leastScore) =>
  grayShifts.map((mostGrayShift) => ({ leastScore, mostGrayShift })),
);

/** The pair with the best mean Dice of whole volumes, beside the score alone and ends that the truth knows. */
export function chooseEndLimits(volumes) {
  const judge = (limits) =>
    mean(volumes.map((volume) => volumeDice(volume, keptSlices(volume, limits))));
  const judged = pairs.map((limits) => ({ ...limits, dice: judge(limits) }));
  const best = (some) => some.reduce((a, b) => (b.dice > a.dice ? b : a));
  const everything = { leastScore: -1, mostGrayShift: 1000 };
  return {
    ...best(judged),
    scoreAlone: best(judged.filter(({ mostGrayShift }) => mostGrayShift === 1000)),
    withoutEnd: judge(everything),
  };
}

/**
 * Score and gray values: the pair that finds most of the bad slices among those that flag a quarter at most. The rest:
 * what every well segmented slice keeps to.
 */
export function chooseDoubtLimits(slices) {
  const isBad = ({ dice }) => dice < badDice;
  const bad = slices.filter(isBad).length;
  const judged = pairs.map(({ leastScore, mostGrayShift }) => {
    const flagged = slices.filter(
      ({ signs }) => signs.score < leastScore || signs.grayShift > mostGrayShift,
    );
    const found = flagged.filter(isBad).length;
    return {
      ...{ leastScore, mostGrayShift, share: flagged.length / slices.length },
      ...{ recall: found / bad, precision: found / flagged.length },
    };
  });
  const fitting = judged.filter(({ share }) => share <= mostFlagged && share > 0);
  const best = fitting.reduce((a, b) => (b.recall > a.recall ? b : a));
  const good = slices.filter(({ dice }) => dice >= goodDice).map(({ signs }) => signs);
  const most = (values) => values.reduce((a, b) => Math.max(a, b));
  return {
    ...best,
    ...{ slices: slices.length, bad },
    mostAreaRatio: most(good.map(({ areaRatio }) => Math.max(areaRatio, 1 / areaRatio))),
    leastOverlap: -most(good.map(({ overlap }) => -overlap)),
    mostDrift: most(good.map(({ drift }) => drift)),
  };
}
