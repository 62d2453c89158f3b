import { existsSync } from 'node:fs';
import path from 'node:path';

import type { Command } from 'commander';

import { IbisError, toErrorShape } from '../contract/errors.js';
import type { IbisErrorShape } from '../contract/errors.js';
import type { OpenedCounts } from '../contract/sessionFileChannels.js';
import { SESSION_FILE_SUFFIX } from '../contract/sessionFileSuffix.js';
import { aboutSession } from './aboutSession.js';
import { addProfileOptions, chosenDeidentification } from './deidentify.js';
import type { ProfileOptions } from './deidentify.js';
import { openEngine, openStoredEngine } from './openEngine.js';
import type { CliEngine } from './openEngine.js';
import { openInput } from './openInput.js';
import { createOutput } from './output.js';
import type { Output } from './output.js';
import { requireWritableFolder } from './outputFolder.js';

interface CommonOptions {
  readonly dataDir?: string;
  readonly json?: true;
}

interface ExportOptions extends CommonOptions, ProfileOptions {
  readonly out: string;
  readonly deidentify?: true;
  readonly decided?: true;
  readonly withoutImages?: true;
}

async function withEngine(
  open: typeof openEngine,
  { dataDir, json }: CommonOptions,
  work: (engine: CliEngine, output: Output) => Promise<void>,
): Promise<void> {
  const output = createOutput(json === true, { out: process.stdout, err: process.stderr });
  const engine = await open(dataDir);
  try {
    await work(engine, output);
  } finally {
    await engine.close();
  }
}

const LISTED_AT_ONCE = 10_000;

/** The sessions that were named, or every decided one. */
async function chooseSessions(
  engine: CliEngine,
  ids: readonly string[],
  options: ExportOptions,
): Promise<readonly string[]> {
  if ((options.decided === true) === ids.length > 0)
    throw new IbisError(
      'usage',
      'Name the sessions to export, or all decided ones with --decided.',
    );
  if (options.decided !== true) return ids;
  const sessions = await engine.invoke('listSessions', { search: '', limit: LISTED_AT_ONCE });
  const decided = sessions.filter(({ decision }) => decision !== null);
  if (decided.length === 0)
    throw new IbisError(
      'not-found',
      'No session in this data folder has been accepted or rejected.',
    );
  return decided.map(({ sessionId }) => sessionId);
}

const count = (number: number, what: string): string =>
  `${String(number)} ${what}${number === 1 ? '' : 's'}`;

export function runSessionExport(
  ids: readonly string[],
  options: ExportOptions,
  command: Command,
): Promise<void> {
  const deidentify = chosenDeidentification(options, command);
  const out = path.resolve(options.out);
  requireWritableFolder(out);
  return withEngine(openStoredEngine, options, async (engine, output) => {
    const chosen = await chooseSessions(engine, ids, options);
    for (const sessionId of chosen) {
      // An identifier of this database must not be the name of a file that names nobody; such files are numbered.
      const name = deidentify === null ? sessionId : 'session';
      const written = await aboutSession(sessionId, () =>
        engine.invoke('exportSessionFile', {
          sessionId,
          file: path.join(out, `${name}${SESSION_FILE_SUFFIX}`),
          images: options.withoutImages === true ? 'referenced' : 'included',
          replace: deidentify === null, // as every command with an output does
          deidentify,
        }),
      );
      const beside = `with ${count(written.segmentations, 'segmentation')} and ${count(written.measurements, 'measurement')}`;
      output.result(
        { sessionId, ...written },
        [`wrote ${written.file} ${beside}`, ...written.notes].join('\n'),
      );
    }
  });
}

const FATES = {
  added: 'added',
  continued: 'brought up to date',
  'already-there': 'already there, left as it is',
} as const;

function describeCounts(what: string, { added, continued, alreadyThere }: OpenedCounts): string {
  const parts = [
    added > 0 ? `${count(added, what)} added` : '',
    continued > 0 ? `${count(continued, what)} brought up to date` : '',
    alreadyThere > 0 ? `${count(alreadyThere, what)} left as it is here` : '',
  ];
  return parts.flatMap((part) => (part === '' ? [] : [`, ${part}`])).join('');
}

/** One after the other: a refused file says why, and the rest is taken in. */
export function runSessionOpen(
  files: readonly string[],
  options: CommonOptions & { readonly images?: string },
): Promise<void> {
  // Asked before a data folder is made for them.
  if (!files.some((file) => existsSync(file)))
    throw new IbisError('not-found', `There is no ${files.join(', ')}.`);
  return withEngine(openEngine, options, async (engine, output) => {
    if (options.images !== undefined) await openInput(engine, path.resolve(options.images), output);
    const refused: IbisErrorShape[] = [];
    for (const file of files) {
      try {
        const opened = await engine.invoke('openSessionFile', {
          file: path.resolve(file),
          jobId: 'session-file',
        });
        const { sessionId, fate, segmentations, measurements } = opened;
        output.result(
          { file, ...opened },
          `${file}: ${sessionId} ${FATES[fate]}${describeCounts('segmentation', segmentations)}${describeCounts('measurement', measurements)}`,
        );
      } catch (thrown) {
        const { code, message } = toErrorShape(thrown);
        const hint =
          code === 'does-not-fit' && options.images === undefined ? ' Or name them: --images.' : '';
        refused.push({ code, message: `${file}: ${message}${hint}` });
      }
    }
    const [first, ...others] = refused;
    if (first === undefined) return;
    for (const { code, message } of others) output.note(`ibis: ${message} (${code})`);
    throw new IbisError(first.code, first.message);
  });
}

export const runSessionList = (options: CommonOptions): Promise<void> =>
  withEngine(openStoredEngine, options, async (engine, output) => {
    const sessions = await engine.invoke('listSessions', { search: '', limit: LISTED_AT_ONCE });
    if (sessions.length === 0) output.say('no sessions');
    for (const session of sessions) {
      const { sessionId, prompt, createdAt, decision, stepCount } = session;
      output.result(
        { sessionId, prompt, createdAt, decision, stepCount },
        `${sessionId}  ${createdAt}  ${decision ?? 'undecided'}  ${stepCount} steps  ${prompt}`,
      );
    }
  });

const addCommonOptions = (command: Command): Command =>
  command
    .option('--data-dir <dir>', "data folder (default: the app's)")
    .option('--json', 'JSON lines instead of text');

export function addSessionCommand(program: Command): void {
  const session = program
    .command('session')
    .description('list sessions, write whole ones as files, and take them in');
  addCommonOptions(session.command('list').description('the sessions of a data folder')).action(
    runSessionList,
  );
  const exporting = session
    .command('export')
    .description('write sessions as one file each, which another workstation opens')
    .argument('[ids...]', 'sessions, as "ibis session list" names them')
    .requiredOption('--out <dir>', 'folder for the files, ID.ibis each; made if missing')
    .option('--decided', 'every session that was accepted or rejected')
    .option('--without-images', 'leave the images out: who opens the file needs them')
    .option('--deidentify', "take the patient's identity out; the options below say how");
  addCommonOptions(addProfileOptions(exporting))
    .addHelpText(
      'after',
      `
A file holds everything of its session: steps with all branches, masks, prompts, decisions, reviews, model hashes, the
trace with its pictures; the segmentations and measurements of its series, and the images. It names the patient as the
images do, unless --deidentify is given: then files are called session.ibis, session-2.ibis and so on.

Examples:
  $ ibis session export 3f2c9c1e-... --out handed-on
  $ ibis session export 3f2c9c1e-... --out handed-on --deidentify --dates shift
  $ ibis session export --decided --without-images --out for-training`,
    )
    .action(runSessionExport);
  addCommonOptions(
    session
      .command('open')
      .description('take sessions in from such files')
      .argument('<files...>', `files that end in ${SESSION_FILE_SUFFIX}`),
  )
    .option('--images <path>', 'images of sessions that came without')
    .action(runSessionOpen);
}
