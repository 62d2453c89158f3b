import { ensureDebianPackages } from './debian.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { hasDisplay } from './display.mjs';
import { ensureElectronLibraries } from './electronLibraries.mjs';
import { describeElectron, ensureElectron } from './electronRuntime.mjs';
import { continueUnderNode24 } from './node24.mjs';
import { ensurePython } from './python.mjs';
import { say } from './report.mjs';

const installedText = (installed) =>
  installed.length === 0 ? 'ready' : `installed ${installed.join(', ')}`;
const busy = (name) => (text) => say('busy', name, text);

/** Without these nothing runs: ends the program with a sentence. */
export async function setUpDependencies() {
  const done = await ensureDependencies(busy('npm packages'));
  if (!done.ok) {
    say('failed', 'npm packages', done.reason);
    process.exit(1);
  }
  await continueUnderNode24();
  say('ready', 'npm packages', 'ready');
}

/** An Electron that starts, or null and a line that says what to do. */
export async function setUpElectron() {
  const electron = await ensureElectron(busy('Electron'));
  if (!electron.ok) {
    say('note', 'Electron', electron.reason);
    return null;
  }
  say('ready', 'Electron', describeElectron(electron));
  const libraries = await ensureElectronLibraries(electron.executable, busy('system libraries'));
  if (!libraries.ok) {
    say('note', 'system libraries', libraries.reason);
    return null;
  }
  say('ready', 'system libraries', installedText(libraries.installed));
  return electron;
}

/** Other people's programs that read what Ibis writes, and the demo study. */
const outsidePrograms = [
  {
    name: 'outside judges',
    packages: ['dicom3tools', 'dcmtk', 'libgdcm-tools', 'mricron-data'],
    without: 'dciodvfy, dcmtk or GDCM',
  },
  {
    name: 'readers of segmentations',
    packages: ['plastimatch', 'teem-apps', 'admesh'],
    without: 'plastimatch, teem or admesh',
  },
];

/** What tests need beyond the app. Each part that cannot be had is named with the tests that it costs. */
export async function setUpTests() {
  if (!hasDisplay) {
    const xvfb = await ensureDebianPackages(['xvfb'], busy('virtual display'));
    if (xvfb.ok) say('ready', 'virtual display', 'Xvfb');
    else say('note', 'virtual display', `no window tests without it; ${xvfb.reason}`);
  }
  const python = await ensurePython(busy('Python'));
  if (python.ok)
    say('ready', 'Python', python.installed.length === 0 ? 'ready' : `.venv has all it needs`);
  else
    say(
      'note',
      'Python',
      `the training tests and the comparisons with pydicom are skipped: ${python.reason}`,
    );

  for (const { name, packages, without } of outsidePrograms) {
    const done = await ensureDebianPackages(packages, busy(name));
    if (done.ok) say('ready', name, installedText(done.installed));
    else say('note', name, `tests that ask ${without} are skipped; ${done.reason}`);
  }
  return { python: python.ok };
}
