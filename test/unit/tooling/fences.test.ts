import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

import { explainedAssertion } from '../../../eslint/explainedAssertion.js';
import { fences } from '../../../eslint/fences.js';

const parser = { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } };

function problemsOf(file: string, code: string): number {
  const config = [parser, ...fences] as Linter.Config[]; // typescript-eslint types its parser more loosely
  const messages = new Linter().verify(code, config, { filename: file });
  expect(messages.filter((message) => message.fatal)).toEqual([]);
  return messages.length;
}

const importOf = (from: string) => `import { x } from '${from}';\nconsole.log(x);`;

const forbidden: readonly (readonly [file: string, imported: string])[] = [
  ['src/domain/mask.ts', 'zod'],
  ['src/domain/mask.ts', 'node:fs'],
  ['src/domain/mask.ts', '../contract/errors.js'],
  ['src/contract/trace.ts', '../engine/index.js'],
  ['src/contract/trace.ts', 'dcmjs'],
  ['src/engine/index.ts', 'electron'],
  ['src/engine/index.ts', 'onnxruntime-node'],
  ['src/engine/index.ts', 'better-sqlite3'],
  ['src/engine/agent/loop.ts', '@huggingface/transformers'],
  ['src/engine/agent/loop.ts', '../../main/window.js'],
  ['src/engine/agent/loop.ts', '../../cli/main.js'],
  ['src/engine/inference/worker.ts', 'better-sqlite3'],
  ['src/engine/store/open.ts', 'onnxruntime-node'],
  ['src/cli/segment.ts', 'electron'],
  ['src/cli/segment.ts', '../main/window.js'],
  ['src/main/index.ts', '../engine/index.js'],
  ['src/main/index.ts', 'better-sqlite3'],
  ['src/preload/index.ts', '../main/window.js'],
  ['src/preload/index.ts', 'node:fs'],
  ['src/renderer/main.ts', 'electron'],
  ['src/renderer/main.ts', 'node:path'],
  ['src/renderer/viewer/show.ts', '../../engine/index.js'],
  ['src/renderer/viewer/show.ts', 'onnxruntime-web'],
];

const allowed: readonly (readonly [file: string, imported: string])[] = [
  ['src/domain/mask.ts', './brand.js'],
  ['src/contract/trace.ts', '../domain/brand.js'],
  ['src/contract/trace.ts', 'zod'],
  ['src/engine/inference/worker.ts', 'onnxruntime-node'],
  ['src/engine/inference/worker.ts', '../agent/types.js'],
  ['src/engine/store/open.ts', 'better-sqlite3'],
  ['src/cli/segment.ts', '../engine/index.js'],
  ['src/main/index.ts', 'electron'],
  ['src/main/index.ts', 'node:path'],
  ['src/main/index.ts', '../contract/channels.js'],
  ['src/renderer/viewer/show.ts', '@cornerstonejs/core'],
  ['src/renderer/viewer/show.ts', '../../domain/mask.js'],
];

describe('import fences', () => {
  it.each(forbidden)('keep %s from importing %s', (file, imported) => {
    expect(problemsOf(file, importOf(imported))).toBe(1);
    expect(problemsOf(file, `void import('${imported}');`)).toBe(1);
  });

  it.each(allowed)('let %s import %s', (file, imported) => {
    expect(problemsOf(file, importOf(imported))).toBe(0);
    expect(problemsOf(file, `void import('${imported}');`)).toBe(0);
  });
});

describe('an `as`', () => {
  const config = [
    parser,
    {
      files: ['**/*.ts'],
      plugins: { ibis: { rules: { 'explained-assertion': explainedAssertion } } },
      rules: { 'ibis/explained-assertion': 'error' },
    },
  ] as Linter.Config[]; // typescript-eslint types its rules more loosely
  const problems = (code: string) => new Linter().verify(code, config, { filename: 'a.ts' }).length;

  it('is refused without a reason', () => {
    expect(problems('declare const a: unknown;\n\nexport const b = a as string;')).toBe(1);
  });

  it('passes with a comment on its line or above it', () => {
    expect(problems('declare const a: unknown;\n\nexport const b = a as string; // true: x')).toBe(
      0,
    );
    expect(problems('declare const a: unknown;\n// true: x\nexport const b = a as string;')).toBe(
      0,
    );
  });

  it('passes as const, which asserts nothing', () => {
    expect(problems('export const b = [1] as const;')).toBe(0);
  });
});
