import { describe, expect, it } from 'vitest';

import { missingDependencies } from '../../../scripts/lib/dependencies.mjs';
import { countResults, summarise } from '../../../scripts/lib/summary.mjs';
import { namesIn, trainingTestNames, windowTestNames } from '../../../scripts/lib/testStages.mjs';

const result = (state: string, name = state, note = '') => ({ name, state, note });
const stage = (name: string, results: unknown[], problems: string[] = []) => ({
  name,
  results,
  problems,
  elapsedMs: 1500,
});

describe('the summary of npm test', () => {
  const stages = [
    stage('unit', [result('passed'), result('passed')]),
    stage('contract', [result('skipped', 'a.test.ts > reads it', 'no dcmtk'), result('failed')]),
    stage('e2e', [], ['ended with code 3 and no failed test']),
  ];

  it('ends with the counts alone on the last line', () => {
    expect(summarise(stages).at(-1)).toBe('2 passed, 2 failed, 1 skipped');
  });

  it('counts a failure that no test reported', () => {
    expect(countResults([stage('e2e', [], ['the worker died'])])).toEqual({
      passed: 0,
      failed: 1,
      skipped: 0,
    });
  });

  it('names each skipped test with its reason, and each failed one', () => {
    const lines = summarise(stages);
    expect(lines).toContain('  - a.test.ts > reads it: no dcmtk');
    expect(lines).toContain('  - failed');
    expect(lines).toContain('  - e2e: ended with code 3 and no failed test');
  });
});

describe('what npm still has to install', () => {
  const lock = {
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a/node_modules/b': { version: '2.0.0' },
      'node_modules/only-on-mac': { version: '1.0.0', optional: true },
    },
  };

  it('is nothing when the same versions are there', () => {
    expect(missingDependencies(lock, lock)).toEqual([]);
  });

  it('is a package of another version, and one that is not there', () => {
    const installed = { packages: { 'node_modules/a': { version: '0.9.0' } } };
    expect(missingDependencies(lock, installed)).toEqual(['a', 'b']);
  });

  it('leaves out what this platform may lack', () => {
    const installed = {
      packages: {
        'node_modules/a': { version: '1.0.0' },
        'node_modules/a/node_modules/b': { version: '2.0.0' },
      },
    };
    expect(missingDependencies(lock, installed)).toEqual([]);
  });
});

describe('tests that cannot run on a machine', () => {
  it('are known by name from their files, window tests and training tests alike', () => {
    expect(namesIn(windowTestNames)).toContain(
      'test/e2e/window.spec.ts > says which Electron runs it',
    );
    expect(namesIn(trainingTestNames).join('\n')).toMatch(
      /training\/tests\/test_parity_fixtures.py > test_/,
    );
  });
});
