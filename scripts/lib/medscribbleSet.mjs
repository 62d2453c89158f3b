import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decode, encode } from 'fast-png';

/** What the masks of a task show, as a person would ask for it. */
const words = {
  ACDC: 'Segment the right ventricle.',
  BTCV: 'Segment the urinary bladder.',
  CAMUS: 'Segment the left ventricle.',
  CHAOS: 'Segment the liver.',
  HipXRay: 'Segment the femur.',
  OASIS: 'Segment the white matter of one hemisphere.',
  OCTA500: 'Segment the vessels.',
  PAXRay: 'Segment the left lung.',
  PanDental: 'Segment the mandible.',
  SCD: 'Segment the myocardium.',
  STARE: 'Segment the vessels.',
  WBC: 'Segment the cytoplasm of the white blood cell.',
};

/**
 * MedScribble (TASK/CASE/image.png, mask.png) as one data set for `ibis eval`: each task is a target, its masks
 * written with a label of its own. Gives the targets file.
 */
export function writeMedscribbleSet(source, folder) {
  for (const name of ['images', 'masks']) mkdirSync(path.join(folder, name), { recursive: true });
  const foldersIn = (parent) =>
    readdirSync(parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  const targets = foldersIn(source).map((task, index) => {
    const label = index + 1;
    for (const name of foldersIn(path.join(source, task))) {
      const read = (file) => readFileSync(path.join(source, task, name, file));
      const { width, height, channels, data } = decode(read('mask.png'));
      const labels = Uint8Array.from({ length: width * height }, (_, p) =>
        data[p * channels] > 0 ? label : 0,
      );
      writeFileSync(path.join(folder, 'images', `${task}-${name}.png`), read('image.png'));
      writeFileSync(
        path.join(folder, 'masks', `${task}-${name}.png`),
        encode({ width, height, channels: 1, data: labels }),
      );
    }
    return {
      id: task,
      name: task,
      labels: [label],
      requests: [words[task] ?? `Segment the target of ${task}.`],
      axis: 'acquired',
      slices: { rule: 'all' },
      instances: 'merged',
      minPixels: 1,
      window: { rule: 'percentile', low: 1, high: 99 },
    };
  });
  const targetsFile = path.join(folder, 'targets.json');
  const described = { schemaVersion: 1, dataset: 'medscribble', modality: 'various', targets };
  writeFileSync(targetsFile, JSON.stringify(described));
  return targetsFile;
}
