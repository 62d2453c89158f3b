import { Enums } from '@cornerstonejs/tools';

import { eventTarget } from './cornerstone.js';

const EVENTS = [
  Enums.Events.ANNOTATION_ADDED,
  Enums.Events.ANNOTATION_COMPLETED,
  Enums.Events.ANNOTATION_MODIFIED,
  Enums.Events.ANNOTATION_REMOVED,
];

/** Calls back once a frame at most, after measurements changed. */
export function watchMeasurements(onChanged: () => void): { readonly stop: () => void } {
  let frame = 0;
  const later = (): void => {
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      onChanged();
    });
  };
  for (const name of EVENTS) eventTarget.addEventListener(name, later);
  return {
    stop() {
      cancelAnimationFrame(frame);
      for (const name of EVENTS) eventTarget.removeEventListener(name, later);
    },
  };
}
