import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/**
 * Serves the renderer to an ordinary browser with a made-up engine, to look at states that are hard to bring
 * about for real. `IBIS_HARNESS_VIEWER=real` uses the real viewer, which then has no pixels to show.
 */
const here = import.meta.dirname;
const realViewer = resolve(here, '../../src/renderer/viewer/ViewerArea.vue');

export default defineConfig({
  root: here,
  plugins: [
    {
      name: 'made-up-viewer',
      enforce: 'pre',
      resolveId(source) {
        const useReal = process.env.IBIS_HARNESS_VIEWER === 'real' && existsSync(realViewer);
        return source.endsWith('viewer/ViewerArea.vue') && !useReal
          ? resolve(here, 'MadeUpViewer.vue')
          : null;
      },
      transform: (code, id) =>
        id.includes('/src/renderer/') ? code.replaceAll('dicom://local/', '/made-up/') : null,
    },
    vue(),
  ],
  publicDir: process.env.IBIS_HARNESS_PUBLIC ?? false,
  server: { port: 5199, fs: { allow: [resolve(here, '../..')] } },
});
