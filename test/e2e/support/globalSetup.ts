import { hasDisplay, startVirtualDisplay } from '../../../scripts/lib/display.mjs';
import { describeElectron, findInstalledElectron } from '../../../scripts/lib/electronRuntime.mjs';

/** Says which Electron runs, and lends a virtual display where there is none. Workers inherit the environment. */
export default async function globalSetup(): Promise<() => void> {
  const electron = findInstalledElectron();
  if (electron === null) throw new Error('No Electron is installed. Run "npm run setup" first.');
  console.log(`The window runs in ${describeElectron(electron)}.`);
  if (hasDisplay) return () => undefined;
  const virtual = await startVirtualDisplay();
  if (virtual === null)
    throw new Error('There is no display and no Xvfb. Run "npm run setup" first.');
  process.env.DISPLAY = virtual.display;
  return virtual.stop;
}
