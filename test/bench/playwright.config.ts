import path from 'node:path';

import { defineConfig } from '@playwright/test';

/** The bench is run by Playwright because half of it drives the window. One after the other: it measures. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.bench.ts',
  outputDir: path.join(import.meta.dirname, '..', '..', 'test-results', 'bench'),
  globalSetup: '../e2e/support/globalSetup.ts',
  workers: 1,
  timeout: 600_000,
  reporter: [['line']],
});
