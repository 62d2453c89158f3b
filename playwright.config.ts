import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'test/e2e',
  globalSetup: './test/e2e/support/globalSetup.ts',
  outputDir: 'test-results/e2e',
  // One window at a time: each owns an engine, and inference takes every core.
  workers: 1,
  fullyParallel: false,
  timeout: 180_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
});
