import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The demo study's ready request; it is chosen for the policy that ships, so tests read it where it stands. */
export const demo = JSON.parse(
  readFileSync(
    path.join(import.meta.dirname, '..', '..', '..', 'resources', 'demo', 'demo.json'),
    'utf8',
  ),
) as { readonly prompt: string; readonly sliceIndex: number };

/** As the image names itself to a screen reader. */
export const demoImageName = `Axial image ${demo.sliceIndex + 1} of 177`;
