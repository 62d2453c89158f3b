/** The database: the only folder that imports better-sqlite3. */
export {
  closeStore,
  databaseFile,
  databaseFolder,
  openStore,
  requireDatabase,
} from './openStore.js';
export type { Store, StoreOptions } from './openStore.js';
export { createSession, decideSession, updateSession } from './sessions.js';
export type { NewSession, SessionChange, SessionModel } from './sessions.js';
export { getSession, getSessionModels, getSessionSource, loadStepRecords } from './readSession.js';
export type { SessionSource, StoredStep } from './readSession.js';
export { moveToStep, saveStep } from './steps.js';
export type { NewStep } from './steps.js';
export {
  countSeriesStates,
  countSessions,
  findNeighbourSession,
  listInterruptedSessions,
  listSessions,
} from './listing.js';
export { getVerdictInForce, listReviews, saveReview } from './reviews.js';
export type { NewReview } from './reviews.js';
export {
  createStoredBatch,
  deleteStoredBatch,
  getStoredBatch,
  listStoredBatches,
} from './batches.js';
export type { NewBatchCase, StoredBatch } from './batches.js';
export { countBatchCases, listStoredCases, saveCaseError } from './batchCases.js';
export type { StoredCase } from './batchCases.js';
export { writeSessionDatabase } from './sessionDatabase.js';
export { openSessionDatabase, placeSession, readReceived } from './receivedDatabase.js';
export type { ReceivedContent, SessionPlace } from './receivedDatabase.js';
export { deidentifySessionDatabase } from './deidentifyDatabase.js';
export type { IdentityChanges } from './deidentifyDatabase.js';
export type { MountProbe } from './networkFileSystem.js';
export { mergeStore, requireNotInUse, requireOtherFolder } from './mergeStore.js';
export type { FateCounts, MergeCounts } from './mergeStore.js';
export {
  createStoredSegmentation,
  deleteStoredSegmentation,
  listStoredSegmentations,
  loadStoredOutline,
  loadStoredSegmentation,
} from './segmentations.js';
export type { SegmentationIdentity, StoredSegmentation } from './segmentations.js';
export {
  addMeasurements,
  isMeasurementKnown,
  listMeasurements,
  loadMeasurement,
  markMeasurementDeleted,
  saveMeasurement,
} from './measurements.js';
export type { MeasurementContent } from './measurements.js';
export { loadChange, loadPropagationRecords, saveAct } from './segmentationActs.js';
export type { NewAct } from './segmentationActs.js';
