import { init as initTools } from '@cornerstonejs/tools';

import { cache, init as initCore } from './cornerstone.js';
import { registerIbisImages } from './ibisImages.js';

/** Slices ready to draw; the frames they are cut from are bounded apart. */
const SLICE_CACHE_BYTES = 256 * 2 ** 20;
const NO_WEBGL =
  'Images cannot be shown: this machine offers no WebGL 2. Update the graphics driver, or start without --disable-gpu.';

export type ViewerStart = { readonly ok: true } | { readonly ok: false; readonly sentence: string };

let start: ViewerStart | undefined;

function hasWebGl2(): boolean {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('webgl2');
  context?.getExtension('WEBGL_lose_context')?.loseContext(); // give it back at once
  return context !== null;
}

/** Starts Cornerstone once; further calls return the first answer. Fails with a sentence where there is no WebGL. */
export function initViewer(): ViewerStart {
  start ??= startCornerstone();
  return start;
}

function startCornerstone(): ViewerStart {
  if (!hasWebGl2()) return { ok: false, sentence: NO_WEBGL };
  // Three panes at most are drawn at once; each context costs memory and start-up time.
  initCore({ rendering: { webGlContextCount: 3 }, debug: {} });
  initTools();
  cache.setMaxCacheSize(SLICE_CACHE_BYTES);
  registerIbisImages();
  return { ok: true };
}

/** Chromium tells the machine's memory in GiB, rounded and capped; TypeScript does not know of it. */
interface MemoryHint {
  readonly deviceMemory?: number;
}

/** Bytes that frames may take: a quarter of the machine's memory, at most 3 GiB. */
export function frameBudgetBytes(): number {
  const gib = (navigator as MemoryHint).deviceMemory ?? 4; // optional in both types
  return Math.min(3, gib / 4) * 2 ** 30;
}
