import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { z } from 'zod';

const demoSchema = z.object({
  /** Folder or file of the study, relative to `demo/`. */
  path: z.string().min(1),
  prompt: z.string().min(1),
  axis: z.enum(['axial', 'coronal', 'sagittal']),
  sliceIndex: z.number().int().nonnegative(),
});

/** The bundled study with its ready request; `path` is absolute. */
export type DemoStudy = z.infer<typeof demoSchema>;

/** Null when this installation carries none. A broken description throws: it is ours. */
export function loadDemoStudy(resourcesDir: string): DemoStudy | null {
  const folder = path.join(resourcesDir, 'demo');
  const file = path.join(folder, 'demo.json');
  if (!existsSync(file)) return null;
  const demo = demoSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const study = path.join(folder, demo.path);
  return existsSync(study) ? { ...demo, path: study } : null;
}
