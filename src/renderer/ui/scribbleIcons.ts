import { createLucideIcon } from '@lucide/vue';

/** Lucide has no such pair: a line drawn by hand, with the plus or minus of the clicks. */
const line = { d: 'M3 18c3-9 6-9 6-4s-3 8 1 6 4-7 7-6 1 6 4 4', key: 'line' };

export const IncludeScribble = createLucideIcon('include-scribble', [
  ['path', line],
  ['path', { d: 'M18 2v7M14.5 5.5h7', key: 'plus' }],
]);
export const ExcludeScribble = createLucideIcon('exclude-scribble', [
  ['path', line],
  ['path', { d: 'M14.5 5.5h7', key: 'minus' }],
]);
