import {
  Brush,
  Circle,
  CircleMinus,
  CirclePlus,
  Contrast,
  Eraser,
  Hand,
  Lasso,
  Layers2,
  MousePointer2,
  MoveUpLeft,
  RectangleHorizontal,
  Ruler,
  Scissors,
  SquareDashed,
  TriangleRight,
  ZoomIn,
} from '@lucide/vue';
import type { Component } from 'vue';

import type { ViewerTool } from '../viewer/viewerApi.js';
import type { HotkeyId } from './hotkeys.js';
import { TwoAxes } from './measureIcons.js';
import { ExcludeScribble, IncludeScribble } from './scribbleIcons.js';

interface ToolButton {
  readonly tool: ViewerTool;
  readonly icon: Component;
  readonly label: string;
  readonly hotkey: HotkeyId;
  readonly tone?: 'include' | 'exclude';
}

/** The tools of the top bar, in the order and groups in which they stand there. */
export const toolButtons: readonly {
  readonly name: string;
  readonly buttons: readonly ToolButton[];
}[] = [
  {
    name: 'Navigation',
    buttons: [
      { tool: 'select', icon: MousePointer2, label: 'Select', hotkey: 'tool.select' },
      { tool: 'window', icon: Contrast, label: 'Window and level', hotkey: 'tool.window' },
      { tool: 'pan', icon: Hand, label: 'Pan', hotkey: 'tool.pan' },
      { tool: 'zoom', icon: ZoomIn, label: 'Zoom', hotkey: 'tool.zoom' },
      { tool: 'scroll', icon: Layers2, label: 'Scroll through slices', hotkey: 'tool.scroll' },
    ],
  },
  {
    name: 'Measurement',
    buttons: [
      { tool: 'length', icon: Ruler, label: 'Measure length', hotkey: 'tool.length' },
      { tool: 'angle', icon: TriangleRight, label: 'Measure angle', hotkey: 'tool.angle' },
      {
        tool: 'bidirectional',
        icon: TwoAxes,
        label: 'Measure two axes',
        hotkey: 'tool.bidirectional',
      },
      {
        tool: 'rectangle',
        icon: RectangleHorizontal,
        label: 'Rectangle ROI',
        hotkey: 'tool.rectangle',
      },
      { tool: 'ellipse', icon: Circle, label: 'Ellipse ROI', hotkey: 'tool.ellipse' },
      { tool: 'arrow', icon: MoveUpLeft, label: 'Arrow with text', hotkey: 'tool.arrow' },
    ],
  },
  {
    name: 'Prompts and editing',
    buttons: [
      {
        tool: 'include',
        icon: CirclePlus,
        label: 'Include click',
        hotkey: 'tool.include',
        tone: 'include',
      },
      {
        tool: 'exclude',
        icon: CircleMinus,
        label: 'Exclude click',
        hotkey: 'tool.exclude',
        tone: 'exclude',
      },
      { tool: 'box', icon: SquareDashed, label: 'Box around the target', hotkey: 'tool.box' },
      {
        tool: 'include-scribble',
        icon: IncludeScribble,
        label: 'Include scribble',
        hotkey: 'tool.include-scribble',
        tone: 'include',
      },
      {
        tool: 'exclude-scribble',
        icon: ExcludeScribble,
        label: 'Exclude scribble',
        hotkey: 'tool.exclude-scribble',
        tone: 'exclude',
      },
      { tool: 'brush', icon: Brush, label: 'Brush', hotkey: 'tool.brush' },
      { tool: 'eraser', icon: Eraser, label: 'Eraser', hotkey: 'tool.eraser' },
      {
        tool: 'lasso',
        icon: Lasso,
        label: 'Lasso: take in what it goes around',
        hotkey: 'tool.lasso',
      },
      {
        tool: 'cut-lasso',
        icon: Scissors,
        label: 'Cutting lasso: take away what it goes around',
        hotkey: 'tool.cut-lasso',
      },
    ],
  },
];
