import {
  AngleTool,
  ArrowAnnotateTool,
  BaseTool,
  BidirectionalTool,
  EllipticalROITool,
  Enums,
  LengthTool,
  PanTool,
  RectangleROITool,
  ToolGroupManager,
  ZoomTool,
  addTool,
  annotation as annotations,
  removeTool,
} from '@cornerstonejs/tools';

import { measurementKinds } from '../../domain/measurement.js';
import { MEASURING_TOOLS } from './measurements.js';
import { measurementColour } from './overlayColours.js';
import { definePointerTool } from './pointerTool.js';
import type { PointerMove } from './pointerTool.js';
import type { SegmentTool } from './segmentHand.js';
import { drawsOnImage } from './viewerApi.js';
import type { PromptTool, ViewerTool } from './viewerApi.js';

const GROUP_ID = 'ibis';
const { Primary, Secondary, Auxiliary, Wheel } = Enums.MouseBindings;

/** What our own tools do; the rest is Cornerstone's. */
export interface ToolHandlers {
  readonly onWindow: (move: PointerMove) => void;
  readonly onScroll: (move: PointerMove) => void;
  readonly onWheel: (paneId: string, travelPx: number) => void;
}

/** Cross and prompts are not Cornerstone's: it holds a press back for 400 ms to see whether it becomes a double click. */
type GroupTool = Exclude<ViewerTool, 'select' | PromptTool | SegmentTool>;

const TOOL_NAMES: Record<GroupTool, string> = {
  window: 'IbisWindow',
  scroll: 'IbisScroll',
  pan: 'Pan', // Cornerstone's own names from here on
  zoom: 'Zoom',
  ...MEASURING_TOOLS,
};
const MEASURING: readonly GroupTool[] = measurementKinds;
/** Words of ours stand beside an arrow. Cornerstone drops one without a text, and asks for another in a dialog. */
const ARROW = {
  getTextCallback: (done: (text: string) => void): void => {
    done('arrow');
  },
  changeTextCallback: (): void => undefined,
};
/** Tools that only the left button may have; the others have a button of their own as well. */
const ownButton: readonly GroupTool[] = ['window', ...MEASURING];

export interface ViewerToolGroup {
  addPane(paneId: string, engineId: string): void;
  removePane(paneId: string, engineId: string): void;
  /** Gives the left button to `tool`; right zooms, middle pans, the wheel changes slice whatever it is. */
  activate(tool: ViewerTool): void;
  dispose(): void;
}

export function createToolGroup(handlers: ToolHandlers): ViewerToolGroup {
  const own = [
    definePointerTool(TOOL_NAMES.window, { onDrag: handlers.onWindow }),
    definePointerTool(TOOL_NAMES.scroll, { onDrag: handlers.onScroll, onWheel: handlers.onWheel }),
  ];
  const theirs = [
    ...[PanTool, ZoomTool, LengthTool, AngleTool, BidirectionalTool],
    ...[RectangleROITool, EllipticalROITool, ArrowAnnotateTool],
  ];
  const group = ToolGroupManager.createToolGroup(GROUP_ID);
  if (group === undefined) throw new Error('the viewer is mounted twice');
  for (const tool of [...own, ...theirs]) addTool(tool);
  for (const name of Object.values(TOOL_NAMES))
    group.addTool(name, name === TOOL_NAMES.arrow ? ARROW : {});
  for (const tool of MEASURING) {
    const instance: unknown = group.getToolInstance(TOOL_NAMES[tool]);
    // Cornerstone's own keys (z undoes a measurement) would fight the window's hotkeys.
    if (instance instanceof BaseTool) instance.configuration['actions'] = {};
  }
  styleMeasurements();

  const always = (active: ViewerTool): void => {
    const binding = (tool: GroupTool, button: number) => ({
      bindings: [...(active === tool ? [{ mouseButton: Primary }] : []), { mouseButton: button }],
    });
    group.setToolActive(TOOL_NAMES.zoom, binding('zoom', Secondary));
    group.setToolActive(TOOL_NAMES.pan, binding('pan', Auxiliary));
    group.setToolActive(TOOL_NAMES.scroll, binding('scroll', Wheel));
  };

  return {
    addPane: (paneId, engineId) => group.addViewport(paneId, engineId),
    removePane: (paneId, engineId) => group.removeViewports(engineId, paneId),
    activate(tool) {
      for (const name of Object.values(TOOL_NAMES))
        group.setToolPassive(name, { removeAllBindings: true });
      always(tool);
      if (drawsOnImage(tool)) {
        // Measurements stay in sight, but a prompt is a prompt also on top of one.
        for (const measuring of MEASURING) group.setToolEnabled(TOOL_NAMES[measuring]);
        return;
      }
      const own = ownButton.find((each) => each === tool);
      if (own !== undefined)
        group.setToolActive(TOOL_NAMES[own], { bindings: [{ mouseButton: Primary }] });
    },
    dispose() {
      ToolGroupManager.destroyToolGroup(GROUP_ID);
      for (const tool of [...own, ...theirs]) removeTool(tool); // ours hold on to these handlers
    },
  };
}

/** Lines thin and pale; the text is drawn by us, as Cornerstone's needs inline styles that our policy forbids. */
function styleMeasurements(): void {
  const look = {
    color: measurementColour,
    colorHighlighted: '#fff4cf',
    colorSelected: '#fff4cf',
    lineWidth: '1.5',
    textBoxVisibility: false, // read by Cornerstone, but missing from its type
  };
  const style = annotations.config.style;
  const standard = style.getDefaultToolStyles();
  style.setDefaultToolStyles({ ...standard, global: { ...standard.global, ...look } });
}
