#!/usr/bin/env node
// `node scripts/propagationLimits.mjs [--max-files N] [--signs FILE]`: which limits of the signs tell best where a target
// ends and which slices are bad, on the volumes of the hippocampus set's train split that training holds out
// (training/ibis_training/plan.py). Prints them; they are written into src/engine/propagation/limits.ts by hand.
// Needs a build. `--signs`: of an earlier run.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { inRepo, node24File, repoRoot } from './lib/paths.mjs';
import { chooseDoubtLimits, chooseEndLimits, keptSlices } from './lib/propagationLimits.mjs';
import { run } from './lib/run.mjs';

const text = { type: 'string' };
const { values: options } = parseArgs({ options: { 'max-files': text, signs: text } });
const dataset = 'msd_hippocampus_mri';
const source = path.join(
  process.env.IBIS_SHARED ?? path.join(repoRoot, '..', 'shared'),
  ...['data', dataset],
);

/** As is_validation of training/ibis_training/cases.py. */
const isHeldOut = (name) => {
  const subject = name.split('_')[1].replace('.nii.gz', '');
  return createHash('sha1').update(subject).digest()[0] % 8 === 0;
};

/** A data set of the held-out volumes alone, as links; the signs that `ibis eval-volumes` finds in it. */
async function collectSigns() {
  const folder = mkdtempSync(path.join(tmpdir(), 'ibis-limits-'));
  try {
    const { train } = JSON.parse(readFileSync(path.join(source, 'split.json'), 'utf8'));
    writeFileSync(
      path.join(folder, 'split.json'),
      JSON.stringify({ 'held-out': train.filter(isHeldOut) }),
    );
    for (const name of ['images', 'labels'])
      symlinkSync(path.join(source, name), path.join(folder, name));
    const out = inRepo('test-results', 'propagation-signs.json');
    mkdirSync(path.dirname(out), { recursive: true });
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
        ...['--targets', inRepo('resources', 'targets', `${dataset}.json`), '--out', out],
        ...['--data-dir', path.join(folder, 'data')],
        ...(options['max-files'] === undefined ? [] : ['--max-files', options['max-files']]),
      ],
      { show: true },
    );
    if (code !== 0) throw new Error(`ibis eval-volumes ended with ${String(code)}`);
    return out;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const volumes = JSON.parse(readFileSync(options.signs ?? (await collectSigns()), 'utf8'));
const end = chooseEndLimits(volumes);
console.log(`${String(volumes.length)} volumes`);
console.log(`end: ${JSON.stringify(end)}`);
const kept = volumes.flatMap((volume) => keptSlices(volume, end));
console.log(`doubt: ${JSON.stringify(chooseDoubtLimits(kept))}`);
