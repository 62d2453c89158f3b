import { Enums } from '@cornerstonejs/tools';
import type { Types } from '@cornerstonejs/tools';

import { eventTarget } from './cornerstone.js';

const { ANNOTATION_ADDED, ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED } =
  Enums.Events;
const EVENTS = [ANNOTATION_ADDED, ANNOTATION_COMPLETED, ANNOTATION_MODIFIED, ANNOTATION_REMOVED];

/** Tells of what the user does to annotations, by Cornerstone's events and the mouse button. */
export function watchMeasurements(listeners: {
  /** Once a frame at most. */
  readonly onChanged: () => void;
  readonly onPressed: () => void;
  /** After Cornerstone has taken note of it. */
  readonly onReleased: () => void;
  readonly onCompleted: (annotation: Types.Annotation) => void;
}): { readonly stop: () => void } {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = (): void => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      listeners.onChanged();
    });
  };
  const onCompleted = (event: CustomEvent<{ annotation: Types.Annotation }>): void => {
    listeners.onCompleted(event.detail.annotation);
  };
  const onUp = (): void => {
    timer = setTimeout(listeners.onReleased);
  };
  // Cornerstone's target takes events of its own shape, which the DOM's type of a listener does not know.
  const completed = onCompleted as unknown as EventListener;
  for (const name of EVENTS) eventTarget.addEventListener(name, later);
  eventTarget.addEventListener(ANNOTATION_COMPLETED, completed);
  window.addEventListener('mousedown', listeners.onPressed, { capture: true });
  window.addEventListener('mouseup', onUp, { capture: true });
  return {
    stop() {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      for (const name of EVENTS) eventTarget.removeEventListener(name, later);
      eventTarget.removeEventListener(ANNOTATION_COMPLETED, completed);
      window.removeEventListener('mousedown', listeners.onPressed, { capture: true });
      window.removeEventListener('mouseup', onUp, { capture: true });
    },
  };
}
