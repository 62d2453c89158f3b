import { isRoot } from './debian.mjs';

/** Chromium refuses to start its sandbox for root. */
export const launchArguments = process.platform === 'linux' && isRoot ? ['--no-sandbox'] : [];
