export { createLibrary, type InstanceRef, type Library, type LibraryOptions } from './library.js';
export type { LoadOptions } from './loadVolume.js';
export { openPaths, type OpenPathsOptions } from './openPaths.js';
