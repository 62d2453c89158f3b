import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { targetsFileSchema } from '../../../src/contract/targets.js';
import { checkRequest } from '../../../src/engine/checkRequest.js';

const resources = path.join(import.meta.dirname, '..', '..', '..', 'resources', 'targets');
const targets = ['sunnybrook_cmr', 'hc18_fetal_us', 'msd_hippocampus_mri', 'demo_colin27'].flatMap(
  (name) =>
    targetsFileSchema.parse(JSON.parse(readFileSync(path.join(resources, `${name}.json`), 'utf8')))
      .targets,
);

describe('whether the policy was trained for a request', () => {
  it('knows every request of its own targets, each as the target that it belongs to', () => {
    for (const target of targets)
      for (const request of target.requests) {
        const check = checkRequest(request, targets);
        expect([request, check.known]).toEqual([request, true]);
        const taken = targets.find(({ name }) => name === check.targetName);
        expect([request, taken?.requests.includes(request)]).toEqual([request, true]);
      }
  });

  it.each([
    ['please outline the LEFT PUTAMEN on this slice', 'left putamen'],
    ['fetal head', 'fetal head'],
  ])('takes "%s" for the %s', (text, name) => {
    expect(checkRequest(text, targets)).toEqual({ known: true, targetName: name, warning: '' });
  });

  it.each([
    'Segment the liver.',
    'Segment the right ventricle.',
    'Segment the putamen.',
    'left hippocampus',
    'right kidney',
    'Segment this image.',
  ])('warns of "%s", and says what the policy knows', (text) => {
    const check = checkRequest(text, targets);
    expect(check.known).toBe(false);
    expect(check.warning).toContain('left putamen');
  });

  it('does not warn of anything where the policy is a general one', () => {
    expect(checkRequest('Segment the liver.', []).known).toBe(true);
  });

  it('asks for a request where there is none', () => {
    expect(checkRequest('  ', targets).known).toBe(false);
    expect(checkRequest('  ', []).known).toBe(false);
  });
});
