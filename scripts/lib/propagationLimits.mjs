/** Which limits tell best where a target ends, and which slices are bad: for scripts/propagationLimits.mjs. */
import { mean } from './evalFigures.mjs';

export const badDice = 0.7;
const goodDice = 0.8;
const mostFlagged = 0.25; // of all slices: a longer list is not gone through
const leastGain = 0.002; // Dice: a limit that adds less than that to the others is left out

const mostRounds = 10;

const steps = (from, to, step) =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, n) => from + n * step);

/** What is tried of each limit, in the order in which they are added; the loosest first. */
const tried = {
  leastScore: [-Infinity, ...steps(0.5, 0.9, 0.01)],
  mostScoreDrop: [Infinity, 0.15, 0.12, 0.1, 0.09, 0.08, 0.07, 0.06, 0.05],
  mostGrayShift: [Infinity, 2, 1.5, 1.25, 1, 0.8, 0.6, 0.5, 0.4, 0.3],
  mostRegrowth: [Infinity, 2, 1.75, 1.5, 1.4, 1.3, 1.25, 1.2, 1.15, 1.1],
  mostGrowth: [Infinity, 3, 2.5, 2, 1.75, 1.5, 1.4, 1.3, 1.2],
  mostReach: [Infinity, 4, 3, 2.5, 2.25, 2, 1.75, 1.5, 1.25],
};

const isPast = {
  leastScore: ({ score }, limit) => score < limit,
  mostScoreDrop: ({ scoreDrop }, limit) => scoreDrop > limit,
  mostGrayShift: ({ grayShift }, limit) => grayShift > limit,
  mostRegrowth: ({ regrowth }, limit) => regrowth > limit,
  mostGrowth: ({ growth }, limit) => growth > limit,
  mostReach: ({ reach }, limit) => reach > limit,
};

const passes = (signs, limits) =>
  Object.entries(limits).some(([name, limit]) => isPast[name](signs, limit));

/** The slices of both walks before a limit ends them. */
export function keptSlices({ slices }, limits) {
  return [1, -1].flatMap((way) => {
    const walk = slices
      .filter(({ steps: distance }) => Math.sign(distance) === way)
      .sort((a, b) => Math.abs(a.steps) - Math.abs(b.steps));
    const end = walk.findIndex(({ signs }) => passes(signs, limits));
    return end < 0 ? walk : walk.slice(0, end);
  });
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

function volumeDice(volume, slices) {
  const shared = volume.key.shared + sum(slices.map((slice) => slice.shared));
  const pixels = volume.key.pixels + sum(slices.map((slice) => slice.pixels));
  return (2 * shared) / (pixels + volume.truthPixels);
}

/** Of one set: mean Dice, slices beyond the targets' ends, slices of the targets that are lost, all of the latter. */
export function judgeEnds(volumes, limits) {
  const kept = volumes.map((volume) => keptSlices(volume, limits));
  const slices = kept.flat();
  const truthSlices = sum(volumes.map((volume) => volume.truthSlices - 1)); // without the given one
  const hit = slices.filter(({ truthPixels }) => truthPixels > 0).length;
  return {
    dice: mean(volumes.map((volume, index) => volumeDice(volume, kept[index]))),
    beyond: slices.length - hit,
    lost: truthSlices - hit,
    truthSlices,
  };
}

const judgeSets = (sets, limits) =>
  mean(Object.values(sets).map((volumes) => judgeEnds(volumes, limits).dice));

/** The best value of one limit beside the others, the loosest of those that are as good but for `leastGain`. */
function chooseOne(sets, limits, name) {
  const judged = tried[name].map((limit) => ({
    limit,
    dice: judgeSets(sets, { ...limits, [name]: limit }),
  }));
  const best = judged.reduce((a, b) => (b.dice > a.dice ? b : a));
  const [loosest] = judged;
  return best.dice - loosest.dice < leastGain ? loosest : best;
}

/**
 * The limits with the best mean Dice of whole volumes, each set counting as much as the others: one after the other is
 * moved to where it is best beside the rest, until none moves.
 */
export function chooseEndLimits(sets) {
  let limits = Object.fromEntries(
    Object.entries(tried).map(([name, [loosest]]) => [name, loosest]),
  );
  for (let round = 0; round < mostRounds; round++) {
    const before = JSON.stringify(Object.values(limits));
    for (const name of Object.keys(tried))
      limits = { ...limits, [name]: chooseOne(sets, limits, name).limit };
    if (JSON.stringify(Object.values(limits)) === before) break;
  }
  return limits;
}

const pairs = tried.leastScore.flatMap((leastScore) =>
  tried.mostGrayShift.map((mostGrayShift) => ({ leastScore, mostGrayShift })),
);

/** How well limits find the bad ones among the slices that were kept. */
export function judgeDoubts(slices, limits) {
  const isBad = ({ dice }) => dice < badDice;
  const flagged = slices.filter(({ signs }) => passes(signs, limits));
  const found = flagged.filter(isBad).length;
  const bad = slices.filter(isBad).length;
  return {
    ...{ slices: slices.length, bad, share: flagged.length / slices.length },
    ...{ recall: found / bad, precision: found / flagged.length },
  };
}

/**
 * Score and gray values: the pair that finds most of the bad slices among those that flag a quarter at most. The rest:
 * what every well segmented slice keeps to.
 */
export function chooseDoubtLimits(slices) {
  const judged = pairs.map((limits) => ({ ...limits, ...judgeDoubts(slices, limits) }));
  const fitting = judged.filter(({ share }) => share <= mostFlagged && share > 0);
  const { leastScore, mostGrayShift } = fitting.reduce((a, b) => (b.recall > a.recall ? b : a));
  const good = slices.filter(({ dice }) => dice >= goodDice).map(({ signs }) => signs);
  const most = (values) => values.reduce((a, b) => Math.max(a, b));
  return {
    ...{ leastScore, mostGrayShift },
    mostAreaRatio: most(good.map(({ areaRatio }) => Math.max(areaRatio, 1 / areaRatio))),
    leastOverlap: -most(good.map(({ overlap }) => -overlap)),
    mostDrift: most(good.map(({ drift }) => drift)),
    mostGrowth: most(good.map(({ growth }) => growth)),
    mostRegrowth: most(good.map(({ regrowth }) => regrowth)),
    mostReach: most(good.map(({ reach }) => reach)),
  };
}
