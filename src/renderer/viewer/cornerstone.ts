/** The one file through which the viewer reaches Cornerstone's core, so that its types are named once. */
import { Enums, imageLoader } from '@cornerstonejs/core';
import type { Types } from '@cornerstonejs/core';

export {
  RenderingEngine,
  cache,
  eventTarget,
  init,
  metaData,
  utilities,
} from '@cornerstonejs/core';
export const { registerImageLoader } = imageLoader;
export const CoreEvents = Enums.Events;
export const { ViewportType, VOILUTFunctionType } = Enums;
export type CornerstoneImage = Types.IImage;
export type StackViewport = Types.IStackViewport;
export type Point2 = Types.Point2;
export type Point3 = Types.Point3;
