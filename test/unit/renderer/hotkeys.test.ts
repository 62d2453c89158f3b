import { describe, expect, test } from 'vitest';

import {
  assignHotkey,
  chordOf,
  defaultHotkeys,
  findHotkey,
  hotkeyActions,
  isHotkeyAllowed,
  parseHotkeys,
  showChord,
} from '../../../src/renderer/ui/hotkeys.js';

const press = (key: string, modifiers: Partial<Record<string, boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...modifiers,
});
const nowhere = { editsText: false, pressable: false, navigable: false };

describe('chordOf', () => {
  test('names a letter the same with and without caps lock', () => {
    expect(chordOf(press('w'))).toBe('W');
    expect(chordOf(press('W'))).toBe('W');
  });
  test('keeps Shift for letters and named keys, and drops it where it makes the character', () => {
    expect(chordOf(press('Z', { ctrlKey: true, shiftKey: true }))).toBe('Ctrl+Shift+Z');
    expect(chordOf(press(' ', { shiftKey: true }))).toBe('Shift+Space');
    expect(chordOf(press('?', { shiftKey: true }))).toBe('?');
  });
  test('takes Command for Ctrl', () => {
    expect(chordOf(press('z', { metaKey: true }))).toBe('Ctrl+Z');
  });
  test('says nothing of a lone modifier', () => {
    expect(chordOf(press('Control', { ctrlKey: true }))).toBeNull();
  });
});

describe('the table of keys', () => {
  test('gives each chord to one action only', () => {
    const chords = hotkeyActions.flatMap((action) => [...action.chords]);
    expect(new Set(chords).size).toBe(chords.length);
  });
  test.each([
    ['W', 'tool.window'],
    ['C', 'tool.include'],
    ['X', 'tool.exclude'],
    ['Space', 'cine.toggle'],
    ['Enter', 'session.next'],
    ['Ctrl+Enter', 'session.accept'],
    ['Ctrl+Backspace', 'session.reject'],
    ['N', 'case.next'],
    ['?', 'hotkeys.list'],
  ])('has %s for %s, as other workstations do', (chord, id) => {
    expect(findHotkey(defaultHotkeys, chord)).toBe(id);
  });
  test('takes a chord from the action that had it, and says from which', () => {
    const { table, takenFrom } = assignHotkey(defaultHotkeys, 'tool.zoom', 'W');
    expect(takenFrom).toBe('tool.window');
    expect(findHotkey(table, 'W')).toBe('tool.zoom');
    expect(table['tool.window']).toEqual([]);
    expect(findHotkey(table, 'Z')).toBeNull();
  });
  test('takes nothing from an action that is given its own chord again', () => {
    expect(assignHotkey(defaultHotkeys, 'tool.zoom', 'Z').takenFrom).toBeNull();
  });
  test('reads a stored table and drops what it does not know or cannot use', () => {
    const table = parseHotkeys({ 'tool.zoom': ['Q'], 'tool.pan': 'P', 'no.such': ['Ctrl+Alt+K'] });
    expect(table['tool.zoom']).toEqual(['Q']);
    expect(table['tool.pan']).toEqual(defaultHotkeys['tool.pan']);
    expect(findHotkey(table, 'Ctrl+Alt+K')).toBeNull();
    expect(parseHotkeys(null)).toEqual(defaultHotkeys);
  });
});

describe('isHotkeyAllowed', () => {
  test('leaves letters to a text field but lets Escape and Ctrl+Enter through', () => {
    const inText = { ...nowhere, editsText: true };
    expect(isHotkeyAllowed('C', inText)).toBe(false);
    expect(isHotkeyAllowed('Ctrl+Z', inText)).toBe(false);
    expect(isHotkeyAllowed('Escape', inText)).toBe(true);
    expect(isHotkeyAllowed('Ctrl+Enter', inText)).toBe(true);
  });
  test('leaves Enter and Space to a focused button, and arrows to a slider', () => {
    expect(isHotkeyAllowed('Enter', { ...nowhere, pressable: true })).toBe(false);
    expect(isHotkeyAllowed('W', { ...nowhere, pressable: true })).toBe(true);
    expect(isHotkeyAllowed('ArrowUp', { ...nowhere, navigable: true })).toBe(false);
    expect(isHotkeyAllowed('ArrowUp', nowhere)).toBe(true);
  });
});

test('chords are written as the platform writes them', () => {
  expect(showChord('Ctrl+Shift+Z', 'linux')).toBe('Ctrl Shift Z');
  expect(showChord('Ctrl+Enter', 'darwin')).toBe('⌘ Enter');
  expect(showChord('ArrowDown', 'linux')).toBe('↓');
});
