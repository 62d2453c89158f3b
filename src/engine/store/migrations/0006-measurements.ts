import type { Migration } from '../migrate.js';

/** Measurements on slice images of a series. A deleted one stays, marked, so that its delete can be undone. */
export const measurements: Migration = {
  version: 6,
  up: (database) =>
    database.exec(`
      CREATE TABLE measurements (
        measurement_id TEXT PRIMARY KEY,
        series_id TEXT NOT NULL REFERENCES series,
        phase_index INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('length', 'angle', 'bidirectional', 'ellipse', 'rectangle', 'arrow')),
        label TEXT NOT NULL,
        axis TEXT NOT NULL CHECK (axis IN ('acquired', 'axial', 'coronal', 'sagittal')),
        slice_index INTEGER NOT NULL,
        points TEXT NOT NULL, -- JSON: [[x, y, z], ...], LPS mm
        sop_instance_uid TEXT, -- of the acquired DICOM image that it was drawn on
        frame_number INTEGER, -- from 1
        visible INTEGER NOT NULL CHECK (visible IN (0, 1)),
        quantities TEXT NOT NULL, -- JSON: name, value and unit of what was computed of the points and the voxels
        created_at TEXT NOT NULL, -- ISO 8601, UTC
        updated_at TEXT NOT NULL,
        deleted_at TEXT,
        CHECK ((sop_instance_uid IS NULL) = (frame_number IS NULL))
      ) STRICT;
      CREATE INDEX measurements_by_series ON measurements (series_id);
    `),
};
