import type { Migration } from '../migrate.js';

/**
 * Boxes, scribbles and edits by hand. A drawn prompt is kept once, with the step that drew it; which of them are in
 * force is kept after every step, as the clicks are. SQLite cannot change a CHECK: the steps move to a new table.
 */
export const prompts: Migration = {
  version: 4,
  up: (database) =>
    database.exec(`
      CREATE TABLE steps_with_prompts (
        session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        step_index INTEGER NOT NULL,
        policy_text TEXT NOT NULL,
        reasoning TEXT NOT NULL,
        action_kind TEXT NOT NULL CHECK (action_kind IN ('click', 'remove-click', 'box', 'remove-box', 'scribble',
          'remove-scribble', 'edit', 'terminate', 'unparsed')),
        action_click_index INTEGER, -- of the click placed or removed
        action_scribble_step INTEGER, -- that drew the scribble which is removed
        action_text TEXT, -- the answer of a terminate, the problem of an unparsed, the tool of an edit
        score REAL,
        elapsed_ms REAL NOT NULL,
        policy_ms REAL NOT NULL,
        segmenter_ms REAL NOT NULL,
        saved_at TEXT NOT NULL,
        undone INTEGER NOT NULL CHECK (undone IN (0, 1)),
        follows_step_index INTEGER, -- NULL: stood on the empty session
        PRIMARY KEY (session_id, step_index),
        CHECK ((action_click_index IS NOT NULL) = (action_kind IN ('click', 'remove-click'))),
        CHECK ((action_scribble_step IS NOT NULL) = (action_kind = 'remove-scribble')),
        CHECK ((action_text IS NOT NULL) = (action_kind IN ('terminate', 'unparsed', 'edit')))
      ) STRICT, WITHOUT ROWID;
      INSERT INTO steps_with_prompts SELECT session_id, step_index, policy_text, reasoning, action_kind,
        action_click_index, NULL, action_text, score, elapsed_ms, policy_ms, segmenter_ms, saved_at, undone,
        follows_step_index FROM steps;
      DROP TABLE steps; -- with its trigger
      ALTER TABLE steps_with_prompts RENAME TO steps;
      CREATE TRIGGER steps_stay BEFORE UPDATE OF session_id, step_index, policy_text, reasoning, action_kind,
        action_click_index, action_scribble_step, action_text, score, elapsed_ms, policy_ms, segmenter_ms,
        saved_at, follows_step_index ON steps
        BEGIN SELECT RAISE(ABORT, 'a stored step does not change'); END;

      -- The box or scribble that a step drew.
      CREATE TABLE drawn_prompts (
        session_id TEXT NOT NULL,
        step_index INTEGER NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('box', 'scribble')),
        label TEXT CHECK (label IN ('include', 'exclude')), -- of a scribble
        placed_by TEXT NOT NULL CHECK (placed_by IN ('policy', 'user')),
        PRIMARY KEY (session_id, step_index),
        FOREIGN KEY (session_id, step_index) REFERENCES steps ON DELETE CASCADE,
        CHECK ((label IS NOT NULL) = (kind = 'scribble'))
      ) STRICT, WITHOUT ROWID;

      -- Top left and bottom right of a box, the corners of a scribble's line.
      CREATE TABLE drawn_points (
        session_id TEXT NOT NULL,
        step_index INTEGER NOT NULL,
        point_index INTEGER NOT NULL,
        normalised_x REAL NOT NULL,
        normalised_y REAL NOT NULL,
        voxel_i REAL NOT NULL,
        voxel_j REAL NOT NULL,
        voxel_k REAL NOT NULL,
        world_x REAL NOT NULL, -- LPS mm
        world_y REAL NOT NULL,
        world_z REAL NOT NULL,
        PRIMARY KEY (session_id, step_index, point_index),
        FOREIGN KEY (session_id, step_index) REFERENCES drawn_prompts ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;

      -- Drawn prompts in force after the step.
      CREATE TABLE drawn_in_force (
        session_id TEXT NOT NULL,
        step_index INTEGER NOT NULL,
        drawn_step_index INTEGER NOT NULL, -- that drew it
        PRIMARY KEY (session_id, step_index, drawn_step_index),
        FOREIGN KEY (session_id, step_index) REFERENCES steps ON DELETE CASCADE,
        FOREIGN KEY (session_id, drawn_step_index) REFERENCES drawn_prompts ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;
    `),
};
