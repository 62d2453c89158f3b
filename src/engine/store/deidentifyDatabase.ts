import Database from 'better-sqlite3';
import { z } from 'zod';

import { inTransaction } from './failure.js';
import type { NewSeries } from './seriesRows.js';

/** Stand-ins for what identifies someone in the rows of a session. */
export interface IdentityChanges {
  /** Study and series as their de-identified images say. */
  readonly study: NewSeries['study'];
  readonly series: NewSeries['series'];
  /** A typed or generated text without words that identify. */
  readonly clean: (text: string) => string;
  readonly mapUid: (uid: string) => string;
  /** Of this workstation's own identifiers, which may have been made of UIDs. */
  readonly mapId: (id: string) => string;
  /** ISO 8601 -> ISO 8601. The order of two moments stays. */
  readonly moveMoment: (moment: string) => string;
}

/** What becomes of each text column that may identify someone, as SQL. */
const CHANGED: Readonly<Record<string, string>> = {
  'studies.study_id': '@studyId',
  'studies.study_instance_uid': '@studyInstanceUID',
  'studies.patient_name': '@patientName',
  'studies.patient_id': '@patientId',
  'studies.patient_birth_date': '@patientBirthDate',
  'studies.patient_sex': '@patientSex',
  'studies.study_date': '@studyDate',
  'studies.study_description': '@studyDescription',
  'studies.accession_number': '@accessionNumber',
  'studies.source_paths': "'[]'",
  'series.series_id': '@seriesId',
  'series.study_id': '@studyId',
  'series.series_instance_uid': '@seriesInstanceUID',
  'series.modality': '@modality',
  'series.description': '@description',
  'series.body_part': '@bodyPart',

  'sessions.session_id': 'map_id(session_id)',
  'sessions.series_id': '@seriesId',
  'sessions.prompt': "iif(prompt = '', '', coalesce(nullif(clean(prompt), ''), 'ANONYMIZED'))",
  'sessions.answer': 'clean(answer)',
  'sessions.failure': 'clean(failure)',
  'sessions.created_at': 'moved(created_at)',
  'sessions.updated_at': 'moved(updated_at)',
  'sessions.owner_id': 'NULL',
  'model_hashes.session_id': 'map_id(session_id)',
  'steps.session_id': 'map_id(session_id)',
  'steps.policy_text': 'clean(policy_text)',
  'steps.reasoning': 'clean(reasoning)',
  'steps.action_text': 'clean(action_text)',
  'steps.saved_at': 'moved(saved_at)',
  'clicks.session_id': 'map_id(session_id)',
  'drawn_prompts.session_id': 'map_id(session_id)',
  'drawn_points.session_id': 'map_id(session_id)',
  'drawn_in_force.session_id': 'map_id(session_id)',
  'masks.session_id': 'map_id(session_id)',
  'low_res_logits.session_id': 'map_id(session_id)',
  'decisions.session_id': 'map_id(session_id)',
  'decisions.decided_at': 'moved(decided_at)',
  'reviews.session_id': 'map_id(session_id)',
  'reviews.reviewer': "''", // who reviewed it is identified as well as who was imaged
  'reviews.comment': 'clean(comment)',
  'reviews.reviewed_at': 'moved(reviewed_at)',

  'segmentations.segmentation_id': 'map_id(segmentation_id)',
  'segmentations.series_id': '@seriesId',
  'segmentations.label': "named(label, 'Segmentation')",
  'segmentations.created_at': 'moved(created_at)',
  'segmentations.updated_at': 'moved(updated_at)',
  'segments.segmentation_id': 'map_id(segmentation_id)',
  'segments.label': "named(label, 'Segment ' || segment_number)",
  'segments.category': 'clean_json(category)',
  'segments.type': 'clean_json(type)',
  'segments.modifier': 'clean_json(modifier)',
  'segment_slices.segmentation_id': 'map_id(segmentation_id)',
  'segment_flips.segmentation_id': 'map_id(segmentation_id)',
  'segmentation_acts.segmentation_id': 'map_id(segmentation_id)',
  // The name of a file that was imported may be anybody's.
  'segmentation_acts.label':
    "iif(label LIKE 'Import of %', 'Import', coalesce(nullif(clean(label), ''), 'Change'))",
  'segmentation_acts.acted_at': 'moved(acted_at)',
  'segmentation_acts.from_session_id': 'map_id(from_session_id)',
  'segmentation_acts.patch_before': 'clean_json(patch_before)',
  'segmentation_acts.patch_after': 'clean_json(patch_after)',

  'measurements.measurement_id': 'map_id(measurement_id)',
  'measurements.series_id': '@seriesId',
  'measurements.label': 'clean(label)',
  'measurements.sop_instance_uid': 'map_uid(sop_instance_uid)',
  'measurements.created_at': 'moved(created_at)',
  'measurements.updated_at': 'moved(updated_at)',
  'measurements.deleted_at': 'moved(deleted_at)',
};

/** Text columns that hold words of the workstation's own, names of models, or geometry. */
const KEPT = new Set(
  `series.source_kind sessions.axis sessions.policy_id sessions.segmenter_id sessions.run_state sessions.stop_reason
   model_hashes.role model_hashes.model_id model_hashes.file model_hashes.sha256 steps.action_kind clicks.label
   clicks.placed_by drawn_prompts.kind drawn_prompts.label drawn_prompts.placed_by low_res_logits.encoding
   decisions.decision reviews.verdict segmentations.geometry segmentations.overlap segments.colour segments.source
   segmentation_acts.kind measurements.kind measurements.axis measurements.points measurements.quantities`.split(
    /\s+/,
  ),
);

/** Lists of work of one workstation: they are never in a session's file. */
const ABSENT = new Set(['batches', 'batch_cases']);

const columnRow = z.object({ table: z.string(), column: z.string() });

function listTextColumns(database: Database.Database): z.infer<typeof columnRow>[] {
  return z.array(columnRow).parse(
    database
      .prepare(
        `SELECT tables.name AS "table", columns.name AS "column"
         FROM pragma_table_list AS tables JOIN pragma_table_info(tables.name) AS columns
         WHERE tables.schema = 'main' AND tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'
           AND columns.type = 'TEXT'`,
      )
      .all(),
  );
}

/** Throws for a column that nobody has thought of: it must not go out as it is. */
function describeUpdates(database: Database.Database): ReadonlyMap<string, readonly string[]> {
  const updates = new Map<string, string[]>();
  for (const { table, column } of listTextColumns(database)) {
    const name = `${table}.${column}`;
    const change = CHANGED[name];
    if (ABSENT.has(table) || KEPT.has(name)) continue;
    if (change === undefined)
      throw new Error(`nobody has said what of "${name}" identifies someone`);
    updates.set(table, [...(updates.get(table) ?? []), `${column} = ${change}`]);
  }
  return updates;
}

const LONGEST_NAME = 64; // of a segment, and of a code's meaning

const textOrNull = (change: (text: string) => string) => (value: unknown) =>
  typeof value === 'string' ? change(value) : null;

function addFunctions(database: Database.Database, identity: IdentityChanges): void {
  const { clean, mapId, mapUid, moveMoment } = identity;
  const name = (text: string, instead: string): string =>
    clean(text).slice(0, LONGEST_NAME).trim() || instead;
  const cleanJson = (text: string): string =>
    JSON.stringify(
      JSON.parse(text, (key, value: unknown) => {
        if (typeof value !== 'string') return value;
        if (key === 'segmentLabel') return name(value, 'Segment');
        if (key === 'segmentationLabel') return name(value, 'Segmentation');
        return key === 'meaning' ? name(value, 'ANONYMIZED') : value;
      }),
    );
  const add = (called: string, change: (text: string) => string): void => {
    database.function(called, { deterministic: true }, textOrNull(change));
  };
  add('clean', clean);
  add('clean_json', cleanJson);
  add('map_id', mapId);
  add('map_uid', mapUid);
  add('moved', moveMoment);
  database.function('named', { deterministic: true }, (text: unknown, instead: unknown) =>
    name(String(text), String(instead)),
  );
}

const triggerRow = z.object({ name: z.string(), sql: z.string() });

/**
 * Writes the session database `from` to `to` (which is not there yet) without what identifies the patient. The new file
 * is built of the changed rows alone: free pages, in which SQLite leaves what was there before, stay behind.
 */
export function deidentifySessionDatabase(
  from: string,
  to: string,
  identity: IdentityChanges,
): void {
  const database = new Database(from, { fileMustExist: true });
  try {
    addFunctions(database, identity);
    const updates = describeUpdates(database);
    const triggers = z
      .array(triggerRow)
      .parse(database.prepare(`SELECT name, sql FROM sqlite_master WHERE type = 'trigger'`).all());
    const values = { ...identity.study, ...identity.series };
    database.pragma('foreign_keys = OFF'); // the keys themselves change
    inTransaction(database, () => {
      for (const trigger of triggers) database.exec(`DROP TRIGGER ${trigger.name}`); // they keep history as it was
      for (const [table, changes] of updates)
        database.prepare(`UPDATE ${table} SET ${changes.join(', ')}`).run(values);
      for (const trigger of triggers) database.exec(trigger.sql);
    });
    const dangling = database.pragma('foreign_key_check');
    if (!Array.isArray(dangling) || dangling.length > 0)
      throw new Error('the rows of a de-identified session do not refer to each other any more');
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
}
