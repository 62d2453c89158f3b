import type { Migration } from '../migrate.js';

/**
 * Segmentations over a volume: what is in force, and the acts that led there. An act holds the voxels that it flipped,
 * so that undo works across restarts and reads no more than one act.
 */
export const segmentations: Migration = {
  version: 5,
  up: (database) =>
    database.exec(`
      CREATE TABLE segmentations (
        segmentation_id TEXT PRIMARY KEY,
        series_id TEXT NOT NULL REFERENCES series,
        phase_index INTEGER NOT NULL,
        geometry TEXT NOT NULL, -- JSON: the grid that its voxels lie on
        label TEXT NOT NULL,
        overlap TEXT NOT NULL CHECK (overlap IN ('allow', 'overwrite-all', 'overwrite-visible')),
        next_segment_number INTEGER NOT NULL, -- no number is given twice
        created_at TEXT NOT NULL, -- ISO 8601, UTC
        updated_at TEXT NOT NULL
      ) STRICT;
      CREATE INDEX segmentations_by_series ON segmentations (series_id);

      CREATE TABLE segments (
        segmentation_id TEXT NOT NULL REFERENCES segmentations ON DELETE CASCADE,
        segment_number INTEGER NOT NULL,
        position INTEGER NOT NULL, -- in the list
        label TEXT NOT NULL,
        category TEXT NOT NULL, -- JSON: value, scheme, meaning; so are the next two
        type TEXT NOT NULL,
        modifier TEXT,
        colour TEXT NOT NULL,
        opacity REAL NOT NULL,
        visible INTEGER NOT NULL CHECK (visible IN (0, 1)),
        locked INTEGER NOT NULL CHECK (locked IN (0, 1)),
        source TEXT NOT NULL CHECK (source IN ('manual', 'semiautomatic', 'automatic')),
        PRIMARY KEY (segmentation_id, segment_number)
      ) STRICT, WITHOUT ROWID;

      -- One bit a voxel inside the bounds, as stored (columns along i, rows along j); slices without voxels have no row.
      CREATE TABLE segment_slices (
        segmentation_id TEXT NOT NULL,
        segment_number INTEGER NOT NULL,
        k INTEGER NOT NULL,
        bounds_left INTEGER NOT NULL,
        bounds_top INTEGER NOT NULL,
        bounds_right INTEGER NOT NULL,
        bounds_bottom INTEGER NOT NULL,
        bits BLOB NOT NULL,
        PRIMARY KEY (segmentation_id, segment_number, k),
        FOREIGN KEY (segmentation_id, segment_number) REFERENCES segments ON DELETE CASCADE
      ) STRICT;

      CREATE TABLE segmentation_acts (
        segmentation_id TEXT NOT NULL REFERENCES segmentations ON DELETE CASCADE,
        act_number INTEGER NOT NULL, -- from 0, without gaps
        kind TEXT NOT NULL CHECK (kind IN ('create', 'edit', 'setting', 'undo', 'redo')),
        of_act_number INTEGER, -- the edit that was undone or redone
        label TEXT NOT NULL,
        acted_at TEXT NOT NULL,
        from_session_id TEXT, -- whose mask was added; the session may lie in another database
        patch_before TEXT, -- JSON: what of the labels and the list of segments leads back
        patch_after TEXT, -- and forth
        PRIMARY KEY (segmentation_id, act_number),
        CHECK ((of_act_number IS NOT NULL) = (kind IN ('undo', 'redo'))),
        CHECK ((patch_before IS NOT NULL) = (kind IN ('edit', 'setting'))),
        CHECK ((patch_after IS NOT NULL) = (kind IN ('edit', 'setting')))
      ) STRICT, WITHOUT ROWID;
      CREATE TRIGGER segmentation_acts_stay BEFORE UPDATE ON segmentation_acts
        BEGIN SELECT RAISE(ABORT, 'a stored act does not change'); END;

      -- Voxels that an edit set or cleared: those that differ between before and after.
      CREATE TABLE segment_flips (
        segmentation_id TEXT NOT NULL,
        act_number INTEGER NOT NULL,
        segment_number INTEGER NOT NULL,
        k INTEGER NOT NULL,
        bounds_left INTEGER NOT NULL,
        bounds_top INTEGER NOT NULL,
        bounds_right INTEGER NOT NULL,
        bounds_bottom INTEGER NOT NULL,
        bits BLOB NOT NULL,
        PRIMARY KEY (segmentation_id, act_number, segment_number, k),
        FOREIGN KEY (segmentation_id, act_number) REFERENCES segmentation_acts ON DELETE CASCADE
      ) STRICT;
      CREATE TRIGGER segment_flips_stay BEFORE UPDATE ON segment_flips
        BEGIN SELECT RAISE(ABORT, 'a stored act does not change'); END;
    `),
};
