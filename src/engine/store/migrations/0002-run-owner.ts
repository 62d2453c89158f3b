import type { Migration } from '../migrate.js';

/**
 * Which process works on a session: the command line and the window share one database, and opening it in
 * one must not take the sessions of the other for interrupted. NULL: nobody does.
 */
export const runOwner: Migration = {
  version: 2,
  up: (database) =>
    database.exec(`
      ALTER TABLE sessions ADD COLUMN owner_id TEXT;
      CREATE INDEX sessions_by_owner ON sessions (owner_id) WHERE owner_id IS NOT NULL;
    `),
};
