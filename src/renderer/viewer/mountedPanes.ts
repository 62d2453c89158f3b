import type { RenderingEngine } from './cornerstone.js';
import { createPane } from './pane.js';
import type { Pane } from './pane.js';
import type { PaneId } from './viewerState.js';

interface Mounted {
  readonly pane: Pane;
  /** Lies over the pane's image. */
  readonly canvas: HTMLCanvasElement;
  readonly observer: ResizeObserver;
}

/** The panes that are on screen, kept at the size of their elements. */
export interface MountedPanes {
  readonly entries: ReadonlyMap<PaneId, Mounted>;
  readonly get: (paneId: PaneId) => Pane | undefined;
  readonly all: () => readonly Pane[];
  attach(paneId: PaneId, element: HTMLDivElement, canvas: HTMLCanvasElement): Pane;
  detach(paneId: PaneId): void;
  /** Leaves the panes to the engine's own end. */
  dispose(): void;
}

export function createMountedPanes(options: {
  readonly engine: RenderingEngine;
  readonly onDrawn: (paneId: PaneId) => void;
}): MountedPanes {
  const { engine, onDrawn } = options;
  const mounted = new Map<PaneId, Mounted>();
  let resizing = 0;
  const all = (): readonly Pane[] => [...mounted.values()].map(({ pane }) => pane);

  /** All panes at once, in the next frame: one's new size comes with the others'. */
  const resize = (): void => {
    resizing ||= requestAnimationFrame(() => {
      resizing = 0;
      const putBack = all().map((pane) => pane.keepView());
      engine.resize(false, false);
      for (const each of putBack) each();
    });
  };

  return {
    entries: mounted,
    get: (paneId) => mounted.get(paneId)?.pane,
    all,
    attach(paneId, element, canvas) {
      const pane = createPane({ engine, paneId, element, onDrawn: () => onDrawn(paneId) });
      const observer = new ResizeObserver(resize);
      observer.observe(element);
      mounted.set(paneId, { pane, canvas, observer });
      return pane;
    },
    detach(paneId) {
      const entry = mounted.get(paneId);
      entry?.observer.disconnect();
      mounted.delete(paneId);
      entry?.pane.dispose();
    },
    dispose() {
      cancelAnimationFrame(resizing);
      for (const { observer } of mounted.values()) observer.disconnect();
      mounted.clear();
    },
  };
}
