import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { isOnScreen, loadWindowState, saveWindowState } from '../../../src/main/windowState.js';

describe('the place of the window', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ibis-window-'));
  const file = path.join(folder, 'window.json');
  const state = { x: 10, y: 20, width: 1600, height: 1000, maximised: false };
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is the same after it was saved', () => {
    expect(loadWindowState(file)).toBeNull();
    saveWindowState(file, state);
    expect(loadWindowState(file)).toEqual(state);
  });

  it.each(['', '{"x":1}', 'null', '{"x":"a","y":0,"width":1,"height":1,"maximised":false}'])(
    'is the default where the file holds %j',
    (text) => {
      writeFileSync(file, text);
      expect(loadWindowState(file)).toBeNull();
    },
  );

  it('is kept where it can be grabbed, and not where the screen is gone', () => {
    const screens = [{ x: 0, y: 0, width: 1920, height: 1080 }];
    expect(isOnScreen(state, screens)).toBe(true);
    expect(isOnScreen({ ...state, x: -1550 }, screens)).toBe(false);
    expect(isOnScreen({ ...state, x: 1900 }, screens)).toBe(false);
    expect(isOnScreen({ ...state, y: -40 }, screens)).toBe(false);
    expect(isOnScreen({ ...state, x: 2500 }, screens)).toBe(false);
    expect(
      isOnScreen({ ...state, x: 2500 }, [...screens, { x: 1920, y: 0, width: 1920, height: 1080 }]),
    ).toBe(true);
  });
});
