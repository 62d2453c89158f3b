import { createLucideIcon } from '@lucide/vue';

/** Lucide has none: the longest line of something and the one across it, with their ends. */
export const TwoAxes = createLucideIcon('two-axes', [
  ['path', { d: 'M4 20 20 4', key: 'long' }],
  ['path', { d: 'm9 9 6 6', key: 'short' }],
  ['path', { d: 'm2.5 18.5 3 3M18.5 2.5l3 3', key: 'ends' }],
]);
