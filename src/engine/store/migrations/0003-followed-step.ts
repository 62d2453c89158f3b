import type { Migration } from '../migrate.js';

/**
 * Which step each step stood on: the last one in force when it was made. Undone steps stay in the trace, so
 * this cannot be told later, and with it the image that the policy saw can be drawn again.
 */
export const followedStep: Migration = {
  version: 3,
  up: (database) =>
    database.exec(`
      ALTER TABLE steps ADD COLUMN follows_step_index INTEGER; -- NULL: stood on the empty session

      -- Undo takes the last step in force: a kept step stood on kept ones. Of undone ones the order is lost;
      -- most often they were made one upon the other.
      UPDATE steps SET follows_step_index = (
        SELECT max(step_index) FROM steps AS earlier
        WHERE earlier.session_id = steps.session_id AND earlier.step_index < steps.step_index
          AND (earlier.undone = 0 OR steps.undone = 1));

      DROP TRIGGER steps_stay;
      CREATE TRIGGER steps_stay BEFORE UPDATE OF session_id, step_index, policy_text, reasoning, action_kind,
        action_click_index, action_text, score, elapsed_ms, policy_ms, segmenter_ms, saved_at,
        follows_step_index ON steps
        BEGIN SELECT RAISE(ABORT, 'a stored step does not change'); END;
    `),
};
