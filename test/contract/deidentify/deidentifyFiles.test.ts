import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Deidentification } from '../../../src/contract/deidentification.js';
import { deidentifyFiles } from '../../../src/engine/deidentify/deidentifyFiles.js';
import type { DeidentifiedFiles } from '../../../src/engine/deidentify/deidentifyFiles.js';
import { previewFiles } from '../../../src/engine/deidentify/previewFiles.js';
import { findDicomErrors, findShared, hasDciodvfy, python } from '../export/judges.js';
import {
  allKinds,
  deidentifierOf,
  findIdentifying,
  judge,
  makeIdentified,
} from './deidentifyCase.js';
import type { Identifying, Judged } from './deidentifyCase.js';

interface Made extends DeidentifiedFiles {
  readonly judged: readonly Judged[];
}

let work = '';
let sources: readonly string[] = [];
let originals: readonly Judged[] = [];
let basic: Made;

async function make(options: Partial<Deidentification> = {}): Promise<Made> {
  const outDir = mkdtempSync(path.join(work, 'out-'));
  const result = await deidentifyFiles(sources, deidentifierOf(options), { outDir });
  return { ...result, judged: judge(result.files) };
}

beforeAll(async () => {
  if (python === null) return;
  work = mkdtempSync(path.join(tmpdir(), 'ibis-deidentify-'));
  const source = path.join(work, 'source');
  mkdirSync(source);
  makeIdentified(source);
  sources = readdirSync(source)
    .filter((name) => name.endsWith('.dcm'))
    .sort()
    .map((name) => path.join(source, name));
  originals = judge(sources);
  basic = await make();
}, 120_000);

afterAll(() => {
  if (work !== '') rmSync(work, { recursive: true, force: true });
});

describe.skipIf(python === null)('De-identified files, read by pydicom (needs .venv)', () => {
  it('are held against originals that identify by every kind of word', () => {
    for (const [n, original] of originals.entries())
      if (!(sources[n] ?? '').includes('deflated'))
        expect(findIdentifying(original, allKinds).length).toBeGreaterThan(20);
  });

  it('hold none of the original names, numbers, dates, places or UIDs anywhere in their bytes', () => {
    expect(basic.refused).toEqual([]);
    expect(basic.files).toHaveLength(sources.length);
    for (const file of basic.judged) expect(findIdentifying(file, allKinds)).toEqual([]);
  });

  it('keep every pixel, also of big-endian, deflated and RLE files', () => {
    expect(basic.judged.map(({ pixels }) => pixels)).toEqual(originals.map(({ pixels }) => pixels));
  });

  it('keep what says how the image was made and where it lies', () => {
    for (const [n, { values }] of basic.judged.entries())
      for (const tag of ['00080016', '00080060', '00180015', '00180050', '00200032', '00200037'])
        expect(values[tag]).toBe(originals[n]?.values[tag]);
  });

  it('say that and how they were de-identified', () => {
    for (const { values, preambleIsZero } of basic.judged) {
      expect(values['00120062']).toBe('YES');
      expect(values['00120064[0].00080100']).toBe('113100');
      expect(values['00120064[0].00080102']).toBe('DCM');
      expect(values['00280303']).toBe('REMOVED');
      expect(preambleIsZero).toBe(true);
    }
  });

  it('are of one patient with one stand-in, whose studies, series and images have other UIDs that still agree', () => {
    const [first, ...rest] = basic.judged;
    expect(first?.values['00100020']).toMatch(/^IBIS-[0-9A-Z]{8}$/);
    for (const { values } of rest) expect(values['00100020']).toBe(first?.values['00100020']);
    for (const tag of ['0020000d', '0020000e', '00200052', '00080018', '00181002']) {
      const pairs = originals.map(({ values }, n) =>
        [values[tag], basic.judged[n]?.values[tag]].join(),
      );
      expect(new Set(pairs).size).toBe(new Set(originals.map(({ values }) => values[tag])).size);
    }
    for (const { values, meta } of basic.judged) {
      expect(values['00080018']).toMatch(/^2\.25\.\d{20,39}$/);
      expect(meta['00020003']).toBe(values['00080018']);
      // A reference to the first image still finds it.
      expect(values['00081110[0].00081155'] ?? values['0020000d']).toBe(values['0020000d']);
    }
  });

  it('refer to each other by their new UIDs', () => {
    const instances = new Set(basic.judged.map(({ values }) => values['00080018']));
    const referring = basic.judged.filter((_, n) =>
      originals[n]?.values['0020000d']?.endsWith('1'),
    );
    expect(referring.length).toBeGreaterThan(5);
    for (const { values } of referring) expect(instances).toContain(values['00082112[0].00081155']);
  });

  it('have neither private nor unknown attributes, overlays, nor anything behind the pixels', () => {
    for (const { values } of basic.judged)
      for (const tag of Object.keys(values)) {
        expect(Number.parseInt(tag.slice(0, 4), 16) % 2, tag).toBe(0);
        expect(tag).not.toMatch(/^(?:60|50|fffc|00189ff1)/);
      }
  });

  it('are named without a word of the original, below the stand-in', () => {
    for (const file of basic.files)
      expect(path.relative(work, file)).toMatch(
        /^out-\w+\/IBIS-[0-9A-Z]{8}\/study-\d\/series-\d-(?:CT|US|OT)\/\d{5}\.dcm$/,
      );
  });

  it.each<{
    name: string;
    options: Partial<Deidentification>;
    kept: readonly Identifying[];
    code: string;
    holds: Readonly<Record<string, string>>;
  }>([
    {
      name: 'UIDs',
      options: { retainUids: true },
      kept: ['uids'],
      code: '113110',
      holds: { '0020000d': '1.2.826.0.1.3680043.9.7331.101' },
    },
    {
      name: 'full dates',
      options: { dates: 'keep' },
      kept: ['dates'],
      code: '113106',
      holds: { '00080020': '20180309', '00080032': '101114', '00280303': 'UNMODIFIED' },
    },
    {
      name: 'patient characteristics',
      options: { retainPatientCharacteristics: true },
      kept: [],
      code: '113108',
      holds: { '00100040': 'F', '00101010': '075Y', '00101030': '61.5', '00100030': '' },
    },
    {
      name: 'device identity',
      options: { retainDeviceIdentity: true },
      kept: ['devices', 'uids'], // the UID of the device itself
      code: '113109',
      holds: {
        '00181002': '1.2.826.0.1.3680043.9.7331.401',
        '00181000': 'SN-99817',
        '00081010': 'CTRAUM7',
      },
    },
    {
      name: 'institution identity',
      options: { retainInstitutionIdentity: true },
      kept: ['places'],
      code: '113112',
      holds: { '00080080': 'Klinikum Elsewhere' },
    },
    {
      name: 'safe private attributes',
      options: { retainSafePrivate: true },
      kept: [],
      code: '113111',
      holds: { '0019100c': '1000' },
    },
    {
      name: 'cleaned descriptors',
      options: { cleanDescriptors: true },
      kept: [],
      code: '113105',
      holds: { '00081030': 'Thorax, Größe', '0008103e': 'Lunge nativ', '00181030': 'Thorax' },
    },
  ])('keep $name where that is asked for, and nothing else', async (option) => {
    const { judged } = await make(option.options);
    const forbidden = allKinds.filter((kind) => !option.kept.includes(kind));
    for (const file of judged) expect(findIdentifying(file, forbidden)).toEqual([]);
    expect(judged[0]?.values).toMatchObject(option.holds);
    const codes = Object.entries(judged[0]?.values ?? {}).filter(([tag]) =>
      /^00120064\[\d\]\.00080100$/.test(tag),
    );
    expect(codes.map(([, code]) => code)).toEqual(['113100', option.code]);
  });

  it('have all dates of a patient moved by the same days, so that intervals stay', async () => {
    const { judged } = await make({ dates: 'shift' });
    const daysBetween = (a: string | undefined, b: string | undefined): number =>
      (asDate(a) - asDate(b)) / 86_400_000;
    const shifts = new Set<number>();
    for (const [n, { values }] of judged.entries()) {
      for (const tag of ['00080020', '00080021', '00080022', '00080012'])
        shifts.add(daysBetween(originals[n]?.values[tag], values[tag]));
      expect(values['00080032']).toBe('101114');
      expect(values['00280303']).toBe('MODIFIED');
      expect(findIdentifying(judged[n] ?? { text: '' }, ['dates', 'birth', 'names'])).toEqual([]);
    }
    expect([...shifts]).toHaveLength(1);
    expect([...shifts][0]).toBeGreaterThan(0);
  });

  it('warn of pixels that may show names, and leave such images out where that is asked for', async () => {
    expect(basic.warnings).toEqual([
      expect.stringMatching(/^1 file says that text is burned into its pixels/),
      expect.stringMatching(/^1 file is of a kind that often shows names \(secondary capture\)/),
      expect.stringMatching(/^1 file is of a kind that often shows names \(ultrasound\)/),
    ]);
    expect(basic.burnedInCount).toBe(3);
    const without = await make({ leaveOutBurnedIn: true });
    expect(without.files).toHaveLength(sources.length - 3);
    expect(without.warnings[0]).toMatch(/left out\.$/);
  });

  it('take the name that is given instead of one that is made', async () => {
    const { judged } = await make({ pseudonym: 'CASE 7' });
    expect(judged[0]?.values).toMatchObject({ '00100010': 'CASE 7', '00100020': 'CASE 7' });
  });

  it('are what the preview says, attribute by attribute', async () => {
    const preview = await previewFiles(sources, deidentifierOf());
    expect(preview.changes).toEqual(basic.changes);
    const name = preview.changes.find(({ tag }) => tag === '(0010,0010)');
    expect(name).toMatchObject({
      name: 'PatientName',
      action: 'Z',
      oldValue: expect.stringMatching(/zweistein/i),
      newValue: basic.judged[0]?.values['00100010'],
      valueCount: 2,
      fileCount: sources.length,
    });
    const shown = new Set(preview.changes.map(({ tag }) => tag.toLowerCase().replace(',', '')));
    // Whatever pydicom finds changed or gone at the top is on the list.
    for (const [n, { values }] of originals.entries())
      for (const [tag, value] of Object.entries(values))
        if (tag.length === 8 && tag < '7fe00010' && basic.judged[n]?.values[tag] !== value)
          expect(shown, tag).toContain(`(${tag})`);
  });

  it.skipIf(!hasDciodvfy)(
    'have no error that the original lacks, says dciodvfy (needs dciodvfy)',
    () => {
      // dciodvfy does not inflate, so it finds nothing in the deflated original.
      for (const [n, source] of sources.entries())
        if (!source.includes('deflated'))
          expect(newErrors(source, basic.files[n] ?? '')).toEqual([]);
    },
  );
});

const asDate = (text: string | undefined): number =>
  Date.parse((text ?? '').replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3'));

/** Errors without the values that differ from file to file. */
const newErrors = (before: string, after: string): readonly string[] => {
  const kinds = new Set(findDicomErrors(before).map((line) => line.replaceAll(/<[^>]*>/g, '')));
  return findDicomErrors(after).filter((line) => !kinds.has(line.replaceAll(/<[^>]*>/g, '')));
};

// A sequence that its writer kept as unknown bytes: it cannot be looked into, so it is left out.
const NOT_LOOKED_INTO =
  /rtdose_rle_1frame\.dcm: Error - <\/ReferencedRTPlanSequence\(300c,0002\)> - Missing/;
const DEFLATED_FILE = /_dfl\.dcm$/; // dciodvfy does not inflate
const samples = findShared('dicom_conformance/pydicom');

describe.skipIf(samples === null || python === null || !hasDciodvfy)(
  "Files of pydicom's test set (needs shared data, .venv and dciodvfy)",
  () => {
    it('stay readable, with the same pixels and no new error', async () => {
      const folder = samples ?? '';
      const files = readdirSync(folder)
        .filter((name) => name.endsWith('.dcm'))
        .map((name) => path.join(folder, name));
      const outDir = mkdtempSync(path.join(work, 'samples-'));
      const result = await deidentifyFiles(files, deidentifierOf(), { outDir });
      const refused = new Set(result.refused.map(({ index }) => index));
      const kept = files.filter((_, n) => !refused.has(n));
      expect(result.files.length).toBeGreaterThan(30);
      expect(result.files).toHaveLength(kept.length);
      const before = judge(kept);
      const worse: string[] = [];
      for (const [n, after] of judge(result.files).entries()) {
        const source = kept[n] ?? '';
        expect(after.values['00120062']).toBe('YES');
        // Without a class it is no object, but bytes to try a parser with.
        if (before[n] === undefined || !('00080016' in before[n].values)) continue;
        expect(after.pixels, source).toBe(before[n].pixels);
        if (!DEFLATED_FILE.test(source))
          worse.push(...newErrors(source, result.files[n] ?? '').map((e) => `${source}: ${e}`));
      }
      expect(worse.filter((line) => !NOT_LOOKED_INTO.test(line))).toEqual([]);
    }, 240_000);
  },
);
