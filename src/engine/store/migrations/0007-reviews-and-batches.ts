import type { Migration } from '../migrate.js';

/**
 * What reviewers said of sessions, and the batches of the window. What became of a case of a batch is not recorded here:
 * the id of its session follows from what it asks, and the session says it. Only a case that never became a session
 * keeps why.
 */
export const reviewsAndBatches: Migration = {
  version: 7,
  up: (database) =>
    database.exec(`
      CREATE TABLE reviews (
        review_number INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'rejected', 'flagged', 'withdrawn')),
        reviewer TEXT NOT NULL,
        comment TEXT NOT NULL,
        step_index INTEGER, -- the last step in force that was looked at; NULL: none
        reviewed_at TEXT NOT NULL -- ISO 8601, UTC
      ) STRICT;
      CREATE INDEX reviews_by_session ON reviews (session_id, reviewed_at, review_number);
      CREATE TRIGGER reviews_stay BEFORE UPDATE ON reviews
        BEGIN SELECT RAISE(ABORT, 'a stored review does not change'); END;

      -- The orders of the worklist: a page of thousands is read without sorting them all.
      DROP INDEX sessions_by_update;
      CREATE INDEX sessions_by_change ON sessions (updated_at, session_id);
      CREATE INDEX sessions_by_creation ON sessions (created_at, session_id);

      CREATE TABLE batches (
        batch_id TEXT PRIMARY KEY,
        label TEXT NOT NULL,
        policy_id TEXT NOT NULL,
        segmenter_id TEXT NOT NULL,
        max_steps INTEGER NOT NULL,
        refused TEXT NOT NULL, -- JSON: files that could not be read when the batch was made, and why
        created_at TEXT NOT NULL
      ) STRICT;

      CREATE TABLE batch_cases (
        batch_id TEXT NOT NULL REFERENCES batches ON DELETE CASCADE,
        position INTEGER NOT NULL, -- from 0
        line INTEGER NOT NULL, -- of the list; of a batch without one, the position from 1
        path TEXT NOT NULL,
        prompt TEXT NOT NULL,
        series_uid TEXT,
        axis TEXT NOT NULL CHECK (axis IN ('acquired', 'axial', 'coronal', 'sagittal')),
        slice TEXT, -- a number, 'middle', or NULL: the only one
        phase_index INTEGER NOT NULL,
        case_session_id TEXT NOT NULL, -- there is such a session once the case has begun
        error_code TEXT, -- why it never became one, or could not go on, when it was tried last
        error_message TEXT,
        PRIMARY KEY (batch_id, position),
        CHECK ((error_code IS NULL) = (error_message IS NULL))
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX batch_cases_by_session ON batch_cases (case_session_id);
    `),
};
