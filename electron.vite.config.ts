import { resolve } from 'node:path';

import vue from '@vitejs/plugin-vue';
import { defineConfig, type UserConfig } from 'electron-vite';

/** Built files by name: `index` is the Electron main process, the rest run in plain Node 24. */
const nodeEntries = {
  index: resolve('src/main/index.ts'),
  engine: resolve('src/engine/main.ts'),
  cli: resolve('src/cli/main.ts'),
  inferenceWorker: resolve('src/engine/inference/inferenceWorker.ts'),
  decodeWorker: resolve('src/engine/dicom/decodeWorker.ts'),
  toolWorker: resolve('src/engine/tools/toolWorker.ts'),
  surfaceWorker: resolve('src/engine/surfaces/surfaceWorker.ts'),
};

const main: UserConfig['main'] = {
  build: {
    // Set here, or electron-vite takes the targets of Electron 45; the oldest runtime that must run this
    // is Electron 33 (Node 20.18, Chromium 130): docs/decisions/0030-electron-runtime.md.
    target: 'node20.18',
    externalizeDeps: true,
    // A running engine loads chunks late: a rebuild must not pull them from under it.
    emptyOutDir: false,
    rolldownOptions: {
      input: nodeEntries,
      output: {
        format: 'es',
        entryFileNames: '[name].js',
        chunkFileNames: 'chunks/[name]-[hash].js',
      },
    },
  },
};

const preload: UserConfig['preload'] = {
  build: {
    target: 'node20.18',
    // A sandboxed preload can require nothing but electron, and must be CommonJS.
    externalizeDeps: false,
    rolldownOptions: {
      input: { index: resolve('src/preload/index.ts') },
      output: { format: 'cjs', entryFileNames: '[name].cjs' },
    },
  },
};

// The packages `events` and `url` are dependencies for this build alone: vtk.js brings xmlbuilder2, which imports
// them by the names of Node's own modules, and a browser has none.
const renderer: UserConfig['renderer'] = {
  root: 'src/renderer',
  plugins: [vue()],
  worker: { format: 'es' },
  build: {
    target: 'chrome130',
    minify: true,
    // The content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    rolldownOptions: { input: resolve('src/renderer/index.html') },
  },
  optimizeDeps: {
    include: [
      '@cornerstonejs/core',
      '@cornerstonejs/metadata',
      '@cornerstonejs/tools',
      '@cornerstonejs/utils',
      'gl-matrix',
    ],
  },
};

export default defineConfig({ main, preload, renderer });
