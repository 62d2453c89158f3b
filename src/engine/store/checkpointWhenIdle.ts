import type Database from 'better-sqlite3';

const LOOK_MS = 2000;
/** Of 4 KiB each: what the log may grow to while writing never rests. */
const MOST_LOG_PAGES = 16_384;

/**
 * Moves what was written from SQLite's log into the database file when nothing was written for a moment. SQLite itself
 * does it within the next write that finds the log long: an edit of some hundred slices, or its undo, then took twice as
 * long. What is committed is safe in the log all the same.
 */
export function checkpointWhenIdle(database: Database.Database): void {
  database.pragma(`wal_autocheckpoint = ${String(MOST_LOG_PAGES)}`);
  const countChanges = database.prepare('SELECT total_changes()').pluck();
  let [seen, moved]: unknown[] = [0, 0];
  const timer = setInterval(() => {
    if (!database.open) {
      clearInterval(timer);
      return;
    }
    if (database.inTransaction) return;
    const changes = countChanges.get();
    if (changes === seen && changes !== moved) {
      database.pragma('wal_checkpoint(PASSIVE)');
      moved = changes;
    }
    seen = changes;
  }, LOOK_MS);
  timer.unref();
}
