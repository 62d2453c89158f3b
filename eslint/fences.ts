import type { Linter } from 'eslint';

/**
 * Import fences of docs/ARCHITECTURE.md: domain <- contract <- engine <- cli; main and renderer see only domain
 * and contract. A file's process is told by its folder, so each fence is a folder and what it may not name.
 */
interface Pattern {
  readonly regex: string;
  readonly message: string;
}

const layers = ['domain', 'contract', 'engine', 'cli', 'main', 'preload', 'renderer'];

/** Relative imports that climb out into any of the other layers. */
const layersExcept = (...allowed: readonly string[]): Pattern => ({
  regex: `^(\\.\\./)+(${layers.filter((layer) => !allowed.includes(layer)).join('|')})/`,
  message: `Here only ${allowed.join(', ')} may be imported (docs/ARCHITECTURE.md).`,
});

/** Packages and Node modules, all but the named ones (and their sub-paths). */
const packagesExcept = (...allowed: readonly string[]): Pattern => ({
  regex: allowed.length === 0 ? '^[^.]' : `^(?!(${allowed.join('|')})(/|$))[^.]`,
  message: `Here only ${allowed.length === 0 ? 'files of the same layer' : allowed.join(', ')} may be imported.`,
});

const electron: Pattern = {
  regex: '^electron(/|$)',
  message: 'The engine runs in plain Node, without Electron.',
};
const modelRuntimes: Pattern = {
  regex: '^(onnxruntime-(node|web|common)|@huggingface/transformers)(/|$)',
  message: 'Only src/engine/inference may import a model runtime.',
};
const database: Pattern = {
  regex: '^(better-sqlite3|node:sqlite)(/|$)',
  message: 'Only src/engine/store may import the database.',
};
const node: Pattern = {
  regex: '^(node:.*|fs|fs/promises|path|os|child_process|worker_threads|crypto|buffer|process)$',
  message: 'The renderer is sandboxed: no Node modules.',
};

/** Static imports by ESLint's own rule, `import()` by the same patterns on its syntax. */
const fence = (
  files: string[],
  ignores: string[],
  patterns: readonly Pattern[],
): Linter.Config => ({
  files,
  ignores,
  rules: {
    'no-restricted-imports': ['error', { patterns }],
    'no-restricted-syntax': [
      'error',
      ...patterns.map(({ regex, message }) => ({
        // A slash would end the pattern inside a selector.
        selector: `ImportExpression > Literal[value=/${regex.replaceAll('/', '\\x2F')}/]`,
        message,
      })),
    ],
  },
});

const inference = ['src/engine/inference/**'];
const store = ['src/engine/store/**'];
const engineLayers = layersExcept('domain', 'contract', 'engine');

export const fences: Linter.Config[] = [
  fence(['src/domain/**'], [], [layersExcept('domain'), packagesExcept()]),
  fence(['src/contract/**'], [], [layersExcept('domain', 'contract'), packagesExcept('zod')]),
  fence(
    ['src/engine/**'],
    [...inference, ...store],
    [engineLayers, electron, modelRuntimes, database],
  ),
  fence(inference, [], [engineLayers, electron, database]),
  fence(store, [], [engineLayers, electron, modelRuntimes]),
  fence(
    ['src/cli/**'],
    [],
    [layersExcept('domain', 'contract', 'engine', 'cli'), electron, modelRuntimes, database],
  ),
  fence(
    ['src/main/**'],
    [],
    [layersExcept('domain', 'contract', 'main'), packagesExcept('electron', 'zod', 'node:.*')],
  ),
  fence(
    ['src/preload/**'],
    [],
    [layersExcept('domain', 'contract', 'preload'), packagesExcept('electron', 'zod')],
  ),
  fence(
    ['src/renderer/**'],
    [],
    [layersExcept('domain', 'contract', 'renderer'), electron, node, modelRuntimes, database],
  ),
];
