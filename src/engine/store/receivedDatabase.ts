import Database from 'better-sqlite3';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SegmentationId, SessionId } from '../../domain/brand.js';
import { pointCounts } from '../../domain/measurement.js';
import type { Measurement } from '../../domain/measurement.js';
import type { SessionSettings } from '../../domain/session.js';
import { findHead, findWay } from '../../domain/stepTree.js';
import { noActs, pushAct } from '../segmentations/actStacks.js';
import { inTransaction } from './failure.js';
import { listMeasurements } from './measurements.js';
import { getSchemaVersion, migrate } from './migrate.js';
import { migrations } from './migrations/index.js';
import type { Store } from './openStore.js';
import { getSession, loadStepRecords } from './readSession.js';
import { listReviews } from './reviews.js';
import { loadChange, loadPropagationRecords } from './segmentationActs.js';
import { listStoredSegmentations, loadStoredSegmentation } from './segmentations.js';
import type { SegmentationIdentity } from './segmentations.js';

/** The database of a session file that comes from outside: nothing in it is trusted. */

const noBackup = (): void => undefined;

const damaged = (cause?: unknown): IbisError =>
  new IbisError(
    'broken-file',
    'The session in the file is damaged and was not taken in. Ask for the file to be exported again.',
    { cause },
  );

/** Tables, indexes and triggers, word for word: what a database of this version consists of. */
function describeSchema(database: Database.Database): string {
  return JSON.stringify(
    database
      .prepare(
        `SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name`,
      )
      .all(),
  );
}

function describeOwnSchema(): string {
  const own = new Database(':memory:');
  try {
    migrate(own, migrations, noBackup);
    return describeSchema(own);
  } finally {
    own.close();
  }
}

/**
 * Refuses what is not a database of this workstation, brought up to this version: SQLite files can carry views and
 * triggers that act when rows are read or written.
 */
function requireOwnDatabase(database: Database.Database): void {
  if (database.pragma('quick_check(1)', { simple: true }) !== 'ok') throw damaged();
  const version = getSchemaVersion(database);
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest)
    throw new IbisError(
      'database-newer',
      `The session was written by a newer Ibis (schema ${String(version)}, this one knows ${String(newest)}). Open it with the newer version.`,
    );
  if (version < 1) throw damaged();
  migrate(database, migrations, noBackup);
  if (describeSchema(database) !== describeOwnSchema()) throw damaged();
  const dangling = database.pragma('foreign_key_check');
  if (!Array.isArray(dangling) || dangling.length > 0) throw damaged();
}

/** Every row as the workstation would read it, and the steps as the tree that they must be. */
function readSession(store: Store, sessionId: SessionId): SessionSettings {
  const { steps, settings } = getSession(store, sessionId);
  loadStepRecords(store, sessionId);
  listReviews(store, sessionId);
  const way = findWay(steps, findHead(steps)?.stepIndex ?? null);
  for (const [at, step] of steps.entries()) {
    if (step.stepIndex !== at || step.undone === way.includes(step)) throw damaged();
    findWay(steps, at);
  }
  return settings;
}

/** With every voxel and every change that can be undone; acts are counted without gaps. */
function readSegmentation(store: Store, segmentationId: SegmentationId): SegmentationIdentity {
  const { identity, acts, state, nextSegmentNumber } = loadStoredSegmentation(
    store,
    segmentationId,
  );
  const { dimensions } = identity.geometry;
  const numbers = state.header.segments.map(({ segmentNumber }) => segmentNumber);
  if (numbers.some((number) => number >= nextSegmentNumber)) throw damaged();
  for (const slices of state.voxels.values())
    for (const k of slices.keys()) if (k < 0 || k >= dimensions[2]) throw damaged();
  for (const [at, { actNumber, kind }] of acts.entries()) {
    if (actNumber !== at || (kind === 'create') !== (at === 0)) throw damaged();
    if (kind === 'edit' || kind === 'setting')
      loadChange(store, segmentationId, actNumber, dimensions);
  }
  if (acts.length === 0) throw damaged();
  acts.reduce(pushAct, noActs);
  loadPropagationRecords(store, segmentationId);
  return identity;
}

function readMeasurements(store: Store, { seriesId }: SessionSettings): readonly Measurement[] {
  const measurements = listMeasurements(store, seriesId);
  for (const { kind, points } of measurements)
    if (points.length !== pointCounts[kind]) throw damaged();
  return measurements;
}

/** The series that a session is to lie on here. */
export interface SessionPlace {
  readonly studyId: string;
  readonly seriesId: string;
  readonly seriesInstanceUID: string;
  readonly sourcePaths: readonly string[];
}

/** Opens a received database; nothing in it is trusted. Throws 'broken-file' or 'database-newer'. */
export function openSessionDatabase(file: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { fileMustExist: true });
    database.pragma('trusted_schema = OFF');
    database.pragma('cell_size_check = ON');
    requireOwnDatabase(database);
    return database;
  } catch (thrown) {
    database?.close();
    throw thrown instanceof IbisError ? thrown : damaged(thrown);
  }
}

/** What a file brings, all of it on one series. */
export interface ReceivedContent {
  readonly settings: SessionSettings;
  readonly segmentations: readonly SegmentationIdentity[];
  readonly measurements: readonly Measurement[];
}

const countsRow = z.object({ sessions: z.literal(1), others: z.literal(0) });

/** Reads all that is in the database. Throws 'broken-file' where it holds another session, or cannot be read. */
export function readReceived(
  store: Store,
  database: Database.Database,
  sessionId: SessionId,
): ReceivedContent {
  try {
    const others = [
      `(SELECT count(*) FROM sessions WHERE session_id <> @sessionId)`,
      `(SELECT count(*) FROM series) - 1`,
      `(SELECT count(*) FROM studies) - 1`,
      `(SELECT count(*) FROM batches)`,
      `(SELECT count(*) FROM measurements WHERE deleted_at IS NOT NULL)`,
    ];
    countsRow.parse(
      database
        .prepare(
          `SELECT (SELECT count(*) FROM sessions WHERE session_id = @sessionId) AS sessions,
             ${others.map((count) => `abs(${count})`).join(' + ')} AS others`,
        )
        .get({ sessionId }),
    );
    const received = { ...store, database };
    const settings = readSession(received, sessionId);
    return {
      settings,
      segmentations: listStoredSegmentations(received, settings.seriesId).map((segmentationId) =>
        readSegmentation(received, segmentationId),
      ),
      measurements: readMeasurements(received, settings),
    };
  } catch (thrown) {
    throw damaged(thrown);
  }
}

/** Lays what is in a received database on a series of this workstation. */
export function placeSession(database: Database.Database, place: SessionPlace): void {
  database.pragma('foreign_keys = OFF');
  inTransaction(database, () => {
    const { studyId, seriesId, seriesInstanceUID, sourcePaths } = place;
    database
      .prepare('UPDATE studies SET study_id = ?, source_paths = ?')
      .run(studyId, JSON.stringify(sourcePaths));
    database
      .prepare('UPDATE series SET series_id = ?, study_id = ?, series_instance_uid = ?')
      .run(seriesId, studyId, seriesInstanceUID);
    for (const table of ['sessions', 'segmentations', 'measurements'])
      database.prepare(`UPDATE ${table} SET series_id = ?`).run(seriesId);
  });
}
