import { defineStore } from 'pinia';
import { ref } from 'vue';

import { parseFlag, parseNumberWithin, usePersisted } from './persisted.js';

/** Smallest and largest widths leave the image at least half of a 1280 px window. */
export const worklistWidthPx = { min: 220, max: 420, standard: 272 } as const;
export const sessionWidthPx = { min: 300, max: 560, standard: 360 } as const;

export type RightTab = 'agent' | 'segments' | 'measure';

/** Widths of the side panels and whether they are folded away; remembered. */
export const usePanelStore = defineStore('panels', () => ({
  worklistWidth: usePersisted(
    'worklistWidth',
    parseNumberWithin(worklistWidthPx.min, worklistWidthPx.max, worklistWidthPx.standard),
  ),
  sessionWidth: usePersisted(
    'sessionWidth',
    parseNumberWithin(sessionWidthPx.min, sessionWidthPx.max, sessionWidthPx.standard),
  ),
  worklistShown: usePersisted('worklistShown', parseFlag(true)),
  sessionShown: usePersisted('sessionShown', parseFlag(true)),
  /** Which of them lies on top on the right: strokes go there. */
  rightTab: ref<RightTab>('agent'),
}));
