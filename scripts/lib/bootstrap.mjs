/**
 * The 95% bootstrap interval of a mean, as the engine puts it into its reports (src/engine/eval/summarise.ts): a test
 * holds the two equal. It stands here again because the page is written under Node 20 too, which reads no TypeScript.
 */
const RESAMPLES = 2000;

/** mulberry32: a small generator, so that an interval is the same on every run. */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function computeInterval(values, seed) {
  const random = createRandom(seed);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let total = 0;
    for (let draw = 0; draw < values.length; draw++)
      total += values[Math.floor(random() * values.length)];
    return total / values.length;
  }).sort();
  const at = (share) => means[Math.round(share * (RESAMPLES - 1))];
  return { low95: at(0.025), high95: at(0.975) };
}
