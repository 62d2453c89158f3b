#!/usr/bin/env node
// `node scripts/propagationLimits.mjs [--max-files N] [--signs FILE]`: which limits of the signs tell best where a target
// ends and which slices are bad, on the volumes of the hippocampus set's train split that training holds out
// (training/ibis_training/plan.py) and on regions of Colin27, a head with AAL labels: some that the segmenter was
// trained on, some that it was not. Prints them; they are written into src/engine/propagation/limits.ts by hand.
// Needs a build. `--signs`: of an earlier run.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { inRepo, node24File, repoRoot } from './lib/paths.mjs';
import {
  chooseDoubtLimits,
  chooseEndLimits,
  judgeEnds,
  keptSlices,
} from './lib/propagationLimits.mjs';
import { run } from './lib/run.mjs';

const text = { type: 'string' };
const { values: options } = parseArgs({ options: { 'max-files': text, signs: text } });
const data = path.join(process.env.IBIS_SHARED ?? path.join(repoRoot, '..', 'shared'), 'data');

/** As is_validation of training/ibis_training/cases.py. */
const isHeldOut = (name) => {
  const subject = name.split('_')[1].replace('.nii.gz', '');
  return createHash('sha1').update(subject).digest()[0] % 8 === 0;
};

/** Labels and axis by name; the second half was never trained on. */
const regions = {
  'left thalamus': [[77], 'axial'],
  'right thalamus': [[78], 'sagittal'],
  'left putamen': [[73], 'axial'],
  'right putamen': [[74], 'coronal'],
  'left caudate': [[71], 'axial'],
  'right caudate': [[72], 'coronal'],
  'left insula': [[29], 'axial'],
  'left precuneus': [[67], 'axial'],
  'right precuneus': [[68], 'sagittal'],
  'left amygdala': [[41], 'axial'],
  'left hippocampus': [[37], 'sagittal'],
  'right pallidum': [[76], 'axial'],
};

/** The signs that `ibis eval-volumes` finds in a folder of images/, labels/ and split.json. */
async function collectSigns(folder, targetsFile) {
  const out = path.join(folder, 'signs.json');
  const { code } = await run(
    node24File,
    [
      ...[
        inRepo('out', 'main', 'cli.js'),
        'eval-volumes',
        folder,
        '--split',
        'held-out',
        '--signs',
      ],
      ...['--targets', targetsFile, '--out', out, '--data-dir', path.join(folder, 'data')],
      ...(options['max-files'] === undefined ? [] : ['--max-files', options['max-files']]),
    ],
    { show: true },
  );
  if (code !== 0) throw new Error(`ibis eval-volumes ended with ${String(code)}`);
  return JSON.parse(readFileSync(out, 'utf8'));
}

/** A data set of a few files alone, as links. */
async function withFolder(links, names, use) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ibis-limits-'));
  try {
    writeFileSync(path.join(folder, 'split.json'), JSON.stringify({ 'held-out': names }));
    for (const [name, target] of Object.entries(links)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      symlinkSync(target, path.join(folder, name));
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function collectHippocampi() {
  const source = path.join(data, 'msd_hippocampus_mri');
  const { train } = JSON.parse(readFileSync(path.join(source, 'split.json'), 'utf8'));
  const links = { images: path.join(source, 'images'), labels: path.join(source, 'labels') };
  const targetsFile = inRepo('resources', 'targets', 'msd_hippocampus_mri.json');
  return withFolder(links, train.filter(isHeldOut), (folder) => collectSigns(folder, targetsFile));
}

async function collectRegions() {
  const source = path.join(data, 'colin27_aal_mri');
  const links = {
    'images/head.nii.gz': path.join(source, 'ch2.nii.gz'),
    'labels/head.nii.gz': path.join(source, 'aal.nii.gz'),
  };
  const known = JSON.parse(
    readFileSync(inRepo('resources', 'targets', 'demo_colin27.json'), 'utf8'),
  );
  return withFolder(links, ['head.nii.gz'], async (folder) => {
    const records = [];
    for (const [name, [labels, axis]] of Object.entries(regions)) {
      const targetsFile = path.join(folder, 'targets.json');
      const target = { ...known.targets[0], id: name.replace(' ', '-'), name, labels, axis };
      writeFileSync(targetsFile, JSON.stringify({ ...known, targets: [target] }));
      const [record] = await collectSigns(folder, targetsFile);
      records.push({ ...record, fileName: name });
    }
    return records;
  });
}

async function collectSets() {
  const sets = { hippocampi: await collectHippocampi(), regions: await collectRegions() };
  const out = inRepo('test-results', 'propagation-signs.json');
  mkdirSync(path.dirname(out), { recursive: true });
  writeFileSync(out, JSON.stringify(sets));
  return sets;
}

const sets =
  options.signs === undefined
    ? await collectSets()
    : JSON.parse(readFileSync(options.signs, 'utf8'));
const chosen = chooseEndLimits(sets);
const rules = {
  chosen,
  withoutEnd: {},
  beforeGivenSigns: { leastScore: 0.73, mostGrayShift: 0.8 },
};
for (const [rule, limits] of Object.entries(rules))
  for (const [set, volumes] of Object.entries(sets))
    console.log(`${rule}, ${set}: ${JSON.stringify(judgeEnds(volumes, limits))}`);
console.log(`end: ${JSON.stringify(chosen)}`);
const kept = Object.values(sets).flatMap((volumes) =>
  volumes.flatMap((volume) => keptSlices(volume, chosen)),
);
const doubt = chooseDoubtLimits(kept);
console.log(`doubt: ${JSON.stringify(doubt)}`);
