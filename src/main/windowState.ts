import { readFileSync, writeFileSync } from 'node:fs';

import { z } from 'zod';

const windowStateSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  maximised: z.boolean(),
});
export type WindowState = z.infer<typeof windowStateSchema>;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The window as it was left; null at the first start or where the file is unreadable. */
export function loadWindowState(file: string): WindowState | null {
  try {
    const parsed = windowStateSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // none yet, or cut short: a window at the default place is a fine answer
  }
}

/** Losing the place of a window is no reason to trouble anyone, so a full disk is ignored here. */
export function saveWindowState(file: string, state: WindowState): void {
  try {
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
  } catch {
    // see above
  }
}

/** Whether enough of the window to grab it lies on some screen; monitors come and go. */
export function isOnScreen(state: WindowState, workAreas: readonly Rectangle[]): boolean {
  const GRAB_PX = 100;
  return workAreas.some((area) => {
    const seenWidth =
      Math.min(state.x + state.width, area.x + area.width) - Math.max(state.x, area.x);
    const topInside = state.y >= area.y && state.y < area.y + area.height - GRAB_PX;
    return seenWidth >= GRAB_PX && topInside;
  });
}
