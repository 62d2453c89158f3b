import type { Migration } from '../migrate.js';
import { sessions } from './0001-sessions.js';
import { runOwner } from './0002-run-owner.js';
import { followedStep } from './0003-followed-step.js';
import { prompts } from './0004-prompts.js';
import { segmentations } from './0005-segmentations.js';
import { measurements } from './0006-measurements.js';
import { reviewsAndBatches } from './0007-reviews-and-batches.js';

/** In order; a released one never changes. */
export const migrations: readonly Migration[] = [
  sessions,
  runOwner,
  followedStep,
  prompts,
  segmentations,
  measurements,
  reviewsAndBatches,
];
