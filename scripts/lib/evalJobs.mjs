import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * What `npm run eval` has to measure: the policy and its controls on every set that has targets, and every bundled
 * segmenter by the oracle that clicks on, there; both on MedScribble too, the policy without its controls. `inputs`: files that a kept report must be
 * newer than.
 */
export const segmenterMethod = 'oracle-twenty';
export const medscribble = 'medscribble'; // no policy was taught what is in it: what it makes of that is told apart
// Sets of whole volumes, and the segmenter that their slices are propagated with.
const volumeSets = ['msd_hippocampus_mri'];
const volumeSegmenter = 'ibis-click';
const generalityMethods = ['agent', 'oracle'];

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

export function findModels(modelsDir) {
  return readdirSync(modelsDir)
    .map((name) => path.join(modelsDir, name, 'manifest.json'))
    .filter((file) => existsSync(file))
    .map((file) => ({ file, id: readJson(file).id, role: readJson(file).role }));
}

/** Sets whose targets describe a folder of pictures; those of the demo describe its one picture. */
export function findSets(targetsDir) {
  return readdirSync(targetsDir)
    .filter((name) => name.endsWith('.json'))
    .map((name) => path.join(targetsDir, name))
    .filter((file) => readJson(file).image === undefined)
    .map((targetsFile) => ({ name: readJson(targetsFile).dataset, targetsFile }))
    .concat({ name: medscribble, targetsFile: null });
}

const segmentersOf = (models) => models.filter(({ role }) => role === 'segmenter');
const inputsOf = ({ targetsFile }, used) =>
  [targetsFile, ...used.map(({ file }) => file)].filter((file) => file !== null);

/** The policy in a folder that is not among the bundled ones. */
export function findPolicy(folder) {
  const file = path.join(folder, 'manifest.json');
  const manifest = existsSync(file) ? readJson(file) : {};
  return manifest.role === 'policy' ? { file, id: manifest.id, role: manifest.role, folder } : null;
}

/** `methods`: all that there are. One job a set for the policy, one a set and segmenter. */
export function listJobs({ sets, models, policy, methods, parts }) {
  const segmenters = segmentersOf(models);
  return sets.flatMap((set) => {
    const isGenerality = set.name === medscribble;
    const others = isGenerality
      ? generalityMethods
      : methods.filter((method) => method !== segmenterMethod);
    const ofPolicy = {
      part: 'policy',
      set,
      report: isGenerality ? `generality/${set.name}.json` : `${set.name}.json`,
      arguments: ['--policy', policy.id, '--methods', others.join(',')],
      inputs: inputsOf(set, [policy, ...segmenters]),
    };
    const ofSegmenters = segmenters.map((segmenter) => ({
      part: 'segmenters',
      set,
      report: `segmenters/${set.name}-${segmenter.id}.json`,
      arguments: ['--segmenter', segmenter.id, '--methods', segmenterMethod],
      inputs: inputsOf(set, [segmenter]),
    }));
    const ofVolumes = {
      part: 'propagation',
      set,
      command: 'eval-volumes',
      report: `propagation/${set.name}.json`,
      arguments: ['--segmenter', volumeSegmenter],
      inputs: inputsOf(
        set,
        segmenters.filter(({ id }) => id === volumeSegmenter),
      ),
    };
    return [
      ofPolicy,
      ...ofSegmenters,
      ...(volumeSets.includes(set.name) ? [ofVolumes] : []),
    ].filter(({ part }) => parts.includes(part));
  });
}

/** The agent alone with `policy`, what findPolicy gives: that of before reinforcement learning. One job a set that it was taught. */
export const listFineTunedJobs = ({ sets, models, policy }) =>
  sets
    .filter(({ name }) => name !== medscribble)
    .map((set) => ({
      set,
      report: `sft/${set.name}.json`,
      arguments: [
        ...['--models', path.dirname(path.resolve(policy.folder)), '--policy', policy.id],
        ...['--methods', 'agent'],
      ],
      inputs: inputsOf(set, [policy, ...segmentersOf(models)]),
    }));

/** Whether the report was written after everything that it depends on. */
export const isKept = (report, inputs) =>
  existsSync(report) && inputs.every((file) => statSync(file).mtimeMs < statSync(report).mtimeMs);
