/**
 * Keys -> actions. Pure: what a key means, what it is called, and how the table is edited. The window's one
 * listener (useHotkeys.ts) asks here.
 */
export const hotkeyGroups = ['Tools', 'Segments', 'Image', 'Session', 'Window'] as const;
type HotkeyGroup = (typeof hotkeyGroups)[number];

interface HotkeyAction {
  readonly id: string;
  readonly group: HotkeyGroup;
  readonly label: string;
  readonly chords: readonly string[];
}

/** Defaults, as readers of other workstations know them. */
export const hotkeyActions = [
  { id: 'tool.select', group: 'Tools', label: 'Select', chords: ['V'] },
  { id: 'tool.window', group: 'Tools', label: 'Window and level', chords: ['W'] },
  { id: 'tool.zoom', group: 'Tools', label: 'Zoom', chords: ['Z'] },
  { id: 'tool.pan', group: 'Tools', label: 'Pan', chords: ['P'] },
  { id: 'tool.scroll', group: 'Tools', label: 'Scroll', chords: ['S'] },
  { id: 'tool.length', group: 'Tools', label: 'Measure length', chords: ['L'] },
  { id: 'tool.rectangle', group: 'Tools', label: 'Rectangle ROI', chords: ['R'] },
  { id: 'tool.ellipse', group: 'Tools', label: 'Ellipse ROI', chords: ['Shift+R'] },
  { id: 'tool.angle', group: 'Tools', label: 'Measure angle', chords: ['A'] },
  {
    id: 'tool.bidirectional',
    group: 'Tools',
    label: 'Measure two axes',
    chords: ['Shift+L'],
  },
  { id: 'tool.arrow', group: 'Tools', label: 'Arrow with text', chords: ['T'] },
  { id: 'tool.include', group: 'Tools', label: 'Include click', chords: ['C'] },
  { id: 'tool.exclude', group: 'Tools', label: 'Exclude click', chords: ['X'] },
  { id: 'tool.box', group: 'Tools', label: 'Box around the target', chords: ['F'] },
  { id: 'tool.include-scribble', group: 'Tools', label: 'Include scribble', chords: ['D'] },
  { id: 'tool.exclude-scribble', group: 'Tools', label: 'Exclude scribble', chords: ['Shift+D'] },
  { id: 'tool.brush', group: 'Tools', label: 'Brush', chords: ['B'] },
  { id: 'tool.eraser', group: 'Tools', label: 'Eraser', chords: ['E'] },
  { id: 'tool.lasso', group: 'Tools', label: 'Lasso', chords: ['J'] },
  { id: 'tool.cut-lasso', group: 'Tools', label: 'Cutting lasso', chords: ['Shift+J'] },
  { id: 'brush.smaller', group: 'Tools', label: 'Smaller brush', chords: ['['] },
  { id: 'brush.larger', group: 'Tools', label: 'Larger brush', chords: [']'] },
  { id: 'tool.livewire', group: 'Segments', label: 'Livewire', chords: ['K'] },
  { id: 'tool.fill', group: 'Segments', label: 'Paint fill', chords: ['U'] },
  { id: 'tool.grow-region', group: 'Segments', label: 'Region growing', chords: ['Shift+U'] },
  { id: 'tool.island', group: 'Segments', label: 'Keep or remove a part', chords: ['Y'] },
  { id: 'brush.sphere', group: 'Segments', label: 'Circle or sphere', chords: ['Shift+B'] },
  { id: 'brush.limit', group: 'Segments', label: 'Only values in the range', chords: ['Shift+T'] },
  {
    id: 'brush.sample',
    group: 'Segments',
    label: 'Take the range from the image',
    chords: ['Shift+C'],
  },
  { id: 'segments.add', group: 'Segments', label: 'Add a segment', chords: ['Shift+G'] },
  { id: 'segments.next', group: 'Segments', label: 'Next segment', chords: ['.'] },
  { id: 'segments.previous', group: 'Segments', label: 'Previous segment', chords: [','] },
  {
    id: 'segments.outline',
    group: 'Segments',
    label: 'Fill and outline, or one alone',
    chords: ['Shift+O'],
  },
  {
    id: 'segments.largest',
    group: 'Segments',
    label: 'Keep the largest part',
    chords: ['Shift+K'],
  },
  { id: 'segments.holes', group: 'Segments', label: 'Fill holes', chords: ['Shift+H'] },
  { id: 'segments.smooth', group: 'Segments', label: 'Smooth', chords: ['Shift+S'] },
  {
    id: 'segments.interpolate',
    group: 'Segments',
    label: 'Interpolate between slices',
    chords: ['Shift+I'],
  },
  {
    id: 'slices.copy-next',
    group: 'Segments',
    label: 'Copy to the next slice',
    chords: ['Shift+ArrowDown'],
  },
  {
    id: 'slices.copy-previous',
    group: 'Segments',
    label: 'Copy to the previous slice',
    chords: ['Shift+ArrowUp'],
  },
  {
    id: 'propagation.run',
    group: 'Segments',
    label: 'Complete the series',
    chords: ['Shift+P'],
  },
  {
    id: 'doubt.next',
    group: 'Segments',
    label: 'Next slice to look at',
    chords: ['Shift+PageDown'],
  },
  {
    id: 'doubt.previous',
    group: 'Segments',
    label: 'Previous slice to look at',
    chords: ['Shift+PageUp'],
  },
  {
    id: 'doubt.confirm',
    group: 'Segments',
    label: 'The slice is right',
    chords: ['Shift+Enter'],
  },
  { id: 'preset.1', group: 'Image', label: 'Preset 1: as stored', chords: ['1'] },
  { id: 'preset.2', group: 'Image', label: 'Preset 2: soft tissue', chords: ['2'] },
  { id: 'preset.3', group: 'Image', label: 'Preset 3: lung', chords: ['3'] },
  { id: 'preset.4', group: 'Image', label: 'Preset 4: bone', chords: ['4'] },
  { id: 'preset.5', group: 'Image', label: 'Preset 5: brain', chords: ['5'] },
  { id: 'preset.6', group: 'Image', label: 'Preset 6: liver', chords: ['6'] },
  { id: 'preset.7', group: 'Image', label: 'Preset 7: mediastinum', chords: ['7'] },
  { id: 'slice.next', group: 'Image', label: 'Next slice', chords: ['ArrowDown', 'ArrowRight'] },
  {
    id: 'slice.previous',
    group: 'Image',
    label: 'Previous slice',
    chords: ['ArrowUp', 'ArrowLeft'],
  },
  { id: 'series.next', group: 'Image', label: 'Next series', chords: ['PageDown'] },
  { id: 'series.previous', group: 'Image', label: 'Previous series', chords: ['PageUp'] },
  { id: 'cine.toggle', group: 'Image', label: 'Play or stop cine', chords: ['Space'] },
  { id: 'image.invert', group: 'Image', label: 'Invert', chords: ['I'] },
  { id: 'image.reset', group: 'Image', label: 'Reset the view', chords: ['0'] },
  { id: 'layout.toggle', group: 'Image', label: 'One plane or three', chords: ['M'] },
  { id: 'layout.quad', group: 'Image', label: 'Two by two', chords: ['Shift+M'] },
  { id: 'layout.surfaces', group: 'Image', label: 'Planes and surfaces', chords: ['Shift+V'] },
  { id: 'mask.opacity', group: 'Image', label: 'Mask opacity', chords: ['O'] },
  { id: 'mask.hide', group: 'Image', label: 'Hide or show masks', chords: ['H'] },
  {
    id: 'session.next',
    group: 'Session',
    label: 'Run, or next step when paused',
    chords: ['Enter'],
  },
  { id: 'session.pause', group: 'Session', label: 'Pause', chords: ['Shift+Space'] },
  { id: 'session.cancel', group: 'Session', label: 'Cancel', chords: ['Escape'] },
  { id: 'session.undo', group: 'Session', label: 'Undo', chords: ['Ctrl+Z'] },
  { id: 'session.redo', group: 'Session', label: 'Redo', chords: ['Ctrl+Shift+Z', 'Ctrl+Y'] },
  { id: 'session.accept', group: 'Session', label: 'Accept', chords: ['Ctrl+Enter'] },
  { id: 'session.reject', group: 'Session', label: 'Reject', chords: ['Ctrl+Backspace'] },
  { id: 'case.next', group: 'Session', label: 'Next case', chords: ['N'] },
  { id: 'case.previous', group: 'Session', label: 'Previous case', chords: ['Shift+N'] },
  { id: 'review.approve', group: 'Session', label: 'Review: approve', chords: ['Shift+A'] },
  { id: 'review.reject', group: 'Session', label: 'Review: reject', chords: ['Shift+X'] },
  { id: 'review.flag', group: 'Session', label: 'Review: flag, or unflag', chords: ['Shift+F'] },
  { id: 'files.open', group: 'Window', label: 'Open files', chords: ['Ctrl+O'] },
  { id: 'folder.open', group: 'Window', label: 'Open folder', chords: ['Ctrl+Shift+O'] },
  { id: 'segments.show', group: 'Window', label: 'Agent or segments', chords: ['G'] },
  { id: 'measure.show', group: 'Window', label: 'Measurements', chords: ['Q'] },
  { id: 'request.focus', group: 'Window', label: 'Write a request', chords: ['/'] },
  { id: 'hotkeys.list', group: 'Window', label: 'List of keys', chords: ['?'] },
] as const satisfies readonly HotkeyAction[];

export type HotkeyId = (typeof hotkeyActions)[number]['id'];
/** Chords of every action; an action may have none. */
export type HotkeyTable = Readonly<Record<HotkeyId, readonly string[]>>;

const ids: readonly HotkeyId[] = hotkeyActions.map((action) => action.id);

const tableFrom = (
  chordsOf: (id: HotkeyId, standard: readonly string[]) => readonly string[],
): HotkeyTable =>
  Object.fromEntries(
    hotkeyActions.map((action) => [action.id, chordsOf(action.id, action.chords)]),
  ) as HotkeyTable; // every id is in hotkeyActions

export const defaultHotkeys: HotkeyTable = tableFrom((_id, standard) => standard);

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/**
 * 'Ctrl+Shift+Z' of a key press; null for a lone modifier. Command counts as Ctrl (macOS). Shift is left out
 * where it is what makes the character ('?'), so that the chord is the same on every keyboard layout.
 */
export function chordOf(press: KeyPress): string | null {
  if (['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'Dead'].includes(press.key)) return null;
  const isLetter = /^\p{L}$/u.test(press.key);
  const isCharacter = press.key.length === 1 && press.key !== ' ';
  const name = press.key === ' ' ? 'Space' : isLetter ? press.key.toUpperCase() : press.key;
  return [
    press.ctrlKey || press.metaKey ? 'Ctrl' : null,
    press.altKey ? 'Alt' : null,
    press.shiftKey && (isLetter || !isCharacter) ? 'Shift' : null,
    name,
  ]
    .filter((part) => part !== null)
    .join('+');
}

export function findHotkey(table: HotkeyTable, chord: string): HotkeyId | null {
  return ids.find((id) => table[id].includes(chord)) ?? null;
}

/** Gives `chord` to `id` alone: an action that had it loses it, and is named so that the user can be told. */
export function assignHotkey(
  table: HotkeyTable,
  id: HotkeyId,
  chord: string,
): { readonly table: HotkeyTable; readonly takenFrom: HotkeyId | null } {
  const holder = findHotkey(table, chord);
  const takenFrom = holder === id ? null : holder;
  const changed = tableFrom((each) =>
    each === id ? [chord] : table[each].filter((existing) => existing !== chord),
  );
  return { table: changed, takenFrom };
}

/** Stored table -> table: unknown actions and broken values are dropped, missing ones get their default. */
export function parseHotkeys(stored: unknown): HotkeyTable {
  const record = typeof stored === 'object' && stored !== null ? Object.entries(stored) : [];
  const known = new Map<string, unknown>(record);
  return tableFrom((id, standard) => {
    const chords = known.get(id);
    return Array.isArray(chords) && chords.every((chord) => typeof chord === 'string')
      ? chords
      : standard;
  });
}

const SYMBOLS: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  PageUp: 'Page Up',
  PageDown: 'Page Down',
  Escape: 'Esc',
};

/** 'Ctrl+ArrowUp' -> 'Ctrl ↑'; on macOS 'Ctrl' is '⌘'. */
export const showChord = (chord: string, platform: string): string =>
  (chord === '+' ? ['+'] : chord.split('+'))
    .map((part) => (part === 'Ctrl' && platform === 'darwin' ? '⌘' : (SYMBOLS[part] ?? part)))
    .join(' ');

/** What the focused element does with keys itself: then the window's hotkeys stay out of its way. */
export interface FocusKind {
  readonly editsText: boolean;
  /** A button, link or checkbox: Enter and Space press it. */
  readonly pressable: boolean;
  /** A slider, list, menu or tab row: arrows move in it. */
  readonly navigable: boolean;
}

export function isHotkeyAllowed(chord: string, focus: FocusKind): boolean {
  if (chord === 'Escape') return true;
  if (focus.editsText)
    return chord === 'Ctrl+Enter' || chord === 'Ctrl+O' || chord === 'Ctrl+Shift+O';
  if (focus.pressable && (chord === 'Enter' || chord === 'Space')) return false;
  if (focus.navigable && /^(Arrow|Page|Home|End|Enter|Space)/.test(chord)) return false;
  return true;
}
