import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [vue()],
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          // Real inference, files and child processes, on as little as two cores.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          pool: 'forks',
          // Inference already takes every core: two files at once only make both time out.
          fileParallelism: false,
        },
      },
    ],
  },
});
