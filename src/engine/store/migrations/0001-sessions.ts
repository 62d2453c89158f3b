import type { Migration } from '../migrate.js';

/** Studies, series, sessions and the append-only trace of each session. */
export const sessions: Migration = {
  version: 1,
  up: (database) =>
    database.exec(`
      CREATE TABLE studies (
        study_id TEXT PRIMARY KEY,
        study_instance_uid TEXT NOT NULL,
        patient_name TEXT NOT NULL,
        patient_id TEXT NOT NULL,
        patient_birth_date TEXT NOT NULL,
        patient_sex TEXT NOT NULL,
        study_date TEXT NOT NULL, -- YYYYMMDD or ''
        study_description TEXT NOT NULL,
        accession_number TEXT NOT NULL,
        source_paths TEXT NOT NULL -- JSON: what was opened, so that a session can be taken up again
      ) STRICT;

      CREATE TABLE series (
        series_id TEXT PRIMARY KEY,
        study_id TEXT NOT NULL REFERENCES studies,
        series_instance_uid TEXT NOT NULL,
        source_kind TEXT NOT NULL CHECK (source_kind IN ('dicom', 'nifti', 'image')),
        modality TEXT NOT NULL,
        description TEXT NOT NULL,
        body_part TEXT NOT NULL
      ) STRICT;
      CREATE INDEX series_by_study ON series (study_id);

      CREATE TABLE sessions (
        session_id TEXT PRIMARY KEY,
        series_id TEXT NOT NULL REFERENCES series,
        phase_index INTEGER NOT NULL,
        axis TEXT NOT NULL CHECK (axis IN ('acquired', 'axial', 'coronal', 'sagittal')),
        slice_index INTEGER NOT NULL,
        window_centre REAL NOT NULL,
        window_width REAL NOT NULL,
        prompt TEXT NOT NULL,
        policy_id TEXT NOT NULL,
        segmenter_id TEXT NOT NULL,
        max_steps INTEGER NOT NULL,
        parse_retries INTEGER NOT NULL,
        seed INTEGER NOT NULL,
        created_at TEXT NOT NULL, -- ISO 8601, UTC
        updated_at TEXT NOT NULL,
        run_state TEXT NOT NULL CHECK (run_state IN ('idle', 'running', 'paused', 'stopped')),
        stop_reason TEXT CHECK (stop_reason IN ('policy-stop', 'target-absent', 'repeated-action', 'step-limit', 'user-stop', 'failed')),
        answer TEXT,
        failure TEXT
      ) STRICT;
      CREATE INDEX sessions_by_update ON sessions (updated_at);
      CREATE INDEX sessions_by_series ON sessions (series_id);

      CREATE TABLE model_hashes (
        session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('policy', 'segmenter')),
        model_id TEXT NOT NULL,
        file TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        PRIMARY KEY (session_id, role, file)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE steps (
        session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        step_index INTEGER NOT NULL,
        policy_text TEXT NOT NULL,
        reasoning TEXT NOT NULL,
        action_kind TEXT NOT NULL CHECK (action_kind IN ('click', 'remove-click', 'terminate', 'unparsed')),
        action_click_index INTEGER, -- of the click placed or removed
        action_text TEXT, -- the answer of a terminate, the problem of an unparsed
        score REAL,
        elapsed_ms REAL NOT NULL,
        policy_ms REAL NOT NULL,
        segmenter_ms REAL NOT NULL,
        saved_at TEXT NOT NULL,
        undone INTEGER NOT NULL CHECK (undone IN (0, 1)),
        PRIMARY KEY (session_id, step_index),
        CHECK ((action_click_index IS NOT NULL) = (action_kind IN ('click', 'remove-click'))),
        CHECK ((action_text IS NOT NULL) = (action_kind IN ('terminate', 'unparsed')))
      ) STRICT, WITHOUT ROWID;
      -- The trace is append-only: only the mark of an undo may change.
      CREATE TRIGGER steps_stay BEFORE UPDATE OF session_id, step_index, policy_text, reasoning, action_kind,
        action_click_index, action_text, score, elapsed_ms, policy_ms, segmenter_ms, saved_at ON steps
        BEGIN SELECT RAISE(ABORT, 'a stored step does not change'); END;

      -- Clicks in force after the step, renumbered.
      CREATE TABLE clicks (
        session_id TEXT NOT NULL,
        step_index INTEGER NOT NULL,
        click_index INTEGER NOT NULL,
        label TEXT NOT NULL CHECK (label IN ('include', 'exclude')),
        placed_by TEXT NOT NULL CHECK (placed_by IN ('policy', 'user')),
        normalised_x REAL NOT NULL,
        normalised_y REAL NOT NULL,
        voxel_i REAL NOT NULL,
        voxel_j REAL NOT NULL,
        voxel_k REAL NOT NULL,
        world_x REAL NOT NULL, -- LPS mm
        world_y REAL NOT NULL,
        world_z REAL NOT NULL,
        PRIMARY KEY (session_id, step_index, click_index),
        FOREIGN KEY (session_id, step_index) REFERENCES steps ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;

      -- Mask after the step: one bit a pixel inside the bounds; no bounds when it is empty.
      CREATE TABLE masks (
        session_id TEXT NOT NULL,
        step_index INTEGER NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        bounds_left INTEGER,
        bounds_top INTEGER,
        bounds_right INTEGER,
        bounds_bottom INTEGER,
        bits BLOB NOT NULL,
        PRIMARY KEY (session_id, step_index),
        FOREIGN KEY (session_id, step_index) REFERENCES steps ON DELETE CASCADE,
        CHECK ((bounds_left IS NULL) = (bounds_right IS NULL) AND (bounds_left IS NULL) = (bounds_top IS NULL)
          AND (bounds_left IS NULL) = (bounds_bottom IS NULL))
      ) STRICT;

      CREATE TABLE low_res_logits (
        session_id TEXT NOT NULL,
        step_index INTEGER NOT NULL,
        value_count INTEGER NOT NULL,
        encoding TEXT NOT NULL CHECK (encoding = 'float32-planes-zstd'),
        data BLOB NOT NULL,
        PRIMARY KEY (session_id, step_index),
        FOREIGN KEY (session_id, step_index) REFERENCES steps ON DELETE CASCADE
      ) STRICT;

      CREATE TABLE decisions (
        decision_number INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        decision TEXT NOT NULL CHECK (decision IN ('accepted', 'rejected', 'edited')),
        step_index INTEGER, -- the last step in force that was decided on; NULL before any
        decided_at TEXT NOT NULL
      ) STRICT;
      CREATE INDEX decisions_by_session ON decisions (session_id, decision_number);
      CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
        BEGIN SELECT RAISE(ABORT, 'a stored decision does not change'); END;
    `),
};
