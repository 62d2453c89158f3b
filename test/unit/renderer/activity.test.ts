import { expect, test } from 'vitest';

import { chooseModel } from '../../../src/renderer/models/loadModels.js';
import { describeActivity } from '../../../src/renderer/ui/activity.js';
import { describeEngine } from '../../../src/renderer/ui/engineWords.js';
import { madeUpSession } from '../../renderer-harness/sessionData.js';

const still = {
  engine: { kind: 'ready' },
  job: null,
  session: null,
  streaming: null,
  isHeld: false,
  exporting: false,
  loadProgress: null,
} as const;

test('a stopped engine is said before anything else', () => {
  const activity = describeActivity({
    ...still,
    engine: { kind: 'stopped', reason: 'code 137' },
    session: madeUpSession('running'),
  });
  expect(activity).toEqual({ words: 'The engine has stopped', percentage: null, cancels: null });
});

test('a run says which step it is at, of how many at most, and can be cancelled', () => {
  const session = madeUpSession('running');
  const thinking = describeActivity({ ...still, session });
  expect(thinking).toMatchObject({ percentage: 15, cancels: 'run' });
  expect(thinking.words).toBe('Step 3 of at most 20: the policy is thinking');
  const text = '<think>a</think><action>Positive Point (0.5000, 0.5000)</action>';
  expect(describeActivity({ ...still, session, streaming: { stepIndex: 2, text } }).words).toBe(
    'Step 3 of at most 20: segmenting',
  );
  expect(describeActivity({ ...still, session, isHeld: true }).words).toBe(
    'Step 3 of at most 20: the policy waits for you',
  );
});

test('an opening without a known end shows no percentage', () => {
  const job = { jobId: 'j', label: 'IM0003.dcm', done: 3, total: null, cancelling: false };
  expect(describeActivity({ ...still, job })).toEqual({
    words: 'Opening IM0003.dcm',
    percentage: null,
    cancels: 'opening',
  });
});

test('loading is told until the last image is there', () => {
  const loading = describeActivity({ ...still, loadProgress: { loaded: 10, total: 40 } });
  expect(loading.percentage).toBe(25);
  expect(describeActivity({ ...still, loadProgress: { loaded: 40, total: 40 } }).words).toBe(
    'Ready',
  );
});

test('the engine names what the models run on, and why not on the preferred', () => {
  const words = describeEngine(
    { kind: 'ready' },
    { available: ['cpu'], used: 'cpu', note: 'WebGPU differed.' },
    false,
  );
  expect(words.label).toBe('CPU ready');
  expect(words.detail).toContain('WebGPU differed.');
  expect(describeEngine({ kind: 'stopped', reason: 'x' }, null, true).label).toBe('Restarting');
});

test('the remembered model is kept even when it is broken, so that the user learns of it', () => {
  const model = (id: string, isBroken: boolean) => ({
    id,
    role: 'policy' as const,
    name: id,
    version: '1',
    licence: 'MIT',
    source: '',
    targets: [],
    problem: isBroken ? { code: 'model-hash' as const, message: 'wrong hash' } : null,
  });
  const models = [model('a', true), model('b', false)];
  expect(chooseModel(models, 'a')).toBe('a');
  expect(chooseModel(models, 'gone')).toBe('b');
  expect(chooseModel([], 'gone')).toBe('');
});
