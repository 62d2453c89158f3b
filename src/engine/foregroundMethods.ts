import type { EngineMethodName } from '../contract/channels.js';

/** Calls whose answer the user waits for and that need files or models, besides jobs and runs. */
export const foregroundMethods: ReadonlySet<string> = new Set<EngineMethodName>([
  'reopenSession',
  'computeWindow',
  'startSession',
  'addClick',
  'removeClick',
  'setBox',
  'removeBox',
  'addScribble',
  'removeScribble',
  'editMask',
  'undoStep',
  'goToStep',
  'paintSegment',
  'exportSession',
  'exportSegmentation',
  'importSegmentation',
]);
