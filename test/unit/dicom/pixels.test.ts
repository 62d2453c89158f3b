import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { IbisError } from '../../../src/contract/errors.js';
import { viewAs } from '../../../src/domain/pixels.js';
import { finishPixels, keepStoredBits, ybrToRgb } from '../../../src/engine/dicom/pixels.js';
import { decodeRle } from '../../../src/engine/dicom/rle.js';
import { unpackBits } from '../../../src/engine/dicom/unpackBits.js';
import type { PixelLayout } from '../../../src/engine/dicom/types.js';

const layout: PixelLayout = {
  transferSyntaxUID: '1.2.840.10008.1.2.1',
  rows: 1,
  columns: 4,
  frameCount: 1,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  signed: false,
  sampleKind: 'integer',
  photometric: 'MONOCHROME2',
  planarConfiguration: 0,
  palette: null,
  modalityLut: null,
  words: false,
};
const bytesOf = (array: Uint16Array | Int16Array): Uint8Array => new Uint8Array(array.buffer);

describe('stored bits', () => {
  it('drops an overlay that lies in the unused upper bits', () => {
    const stored = Uint16Array.from([0x1005, 0xf800, 0x0fff, 0x8000]);
    expect([...keepStoredBits(stored, layout)]).toEqual([5, 0x800, 0xfff, 0]);
  });

  it('extends the sign of 12 bits in 16', () => {
    const stored = Int16Array.from([0x0fff, 0x0800, 0x07ff, -1]);
    expect([...keepStoredBits(stored, { ...layout, signed: true })]).toEqual([-1, -2048, 2047, -1]);
  });

  it('reads values that lie above bit 0, as the high bit says', () => {
    const stored = Uint16Array.from([0xabc0, 0x1230]);
    const high = { ...layout, highBit: 15 };
    expect([...keepStoredBits(stored, high)]).toEqual([0xabc, 0x123]);
  });

  it('unpacks single bits from the lowest on, also where a frame begins inside a byte', () => {
    expect([...unpackBits(Uint8Array.of(0b10110100, 0b1), 2, 7)]).toEqual([1, 0, 1, 1, 0, 1, 1]);
  });
});

describe('colour', () => {
  it('turns planes into pixels', () => {
    const samples = {
      bytes: Uint8Array.from([1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24]),
      bitsAllocated: 8,
      planar: true,
      photometric: 'RGB',
    } as const;
    const rgb = { ...layout, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, highBit: 7 };
    expect([...finishPixels(samples, rgb)]).toEqual([1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24]);
  });

  it('converts full-range YBR by the formula of PS3.3: pure red, green, blue and grey', () => {
    const ybr = Uint8Array.from([76, 85, 255, 150, 44, 21, 29, 255, 107, 128, 128, 128]);
    const rgb = [...ybrToRgb(ybr)];
    const expected = [255, 0, 0, 0, 255, 0, 0, 0, 255, 128, 128, 128];
    for (const [n, value] of expected.entries())
      expect(Math.abs((rgb[n] ?? -9) - value)).toBeLessThanOrEqual(1);
  });

  it('shows the first and last palette entry for indices beyond its ends', () => {
    const channel = Uint8Array.from([10, 20, 30]);
    const palette = { first: 100, red: channel, green: channel, blue: channel };
    const samples = {
      bytes: bytesOf(Uint16Array.from([99, 100, 102, 500])),
      bitsAllocated: 16,
      planar: false,
      photometric: 'PALETTE COLOR',
    } as const;
    const out = finishPixels(samples, { ...layout, bitsStored: 16, highBit: 15, palette });
    expect([...out].filter((_, n) => n % 3 === 0)).toEqual([10, 10, 30, 30]);
  });

  it('applies a modality LUT to the stored values', () => {
    const samples = {
      bytes: bytesOf(Int16Array.from([-5, -2, 0, 7])),
      bitsAllocated: 16,
      planar: false,
      photometric: 'MONOCHROME2',
    } as const;
    const modalityLut = { first: -2, values: Uint16Array.from([1000, 2000, 3000]) };
    const signed = { ...layout, signed: true, modalityLut };
    expect([...viewAs('uint16', finishPixels(samples, signed))]).toEqual([1000, 1000, 3000, 3000]);
  });
});

/** PackBits as PS3.5 G describes: literal runs only, up to 128 bytes each. */
function packLiterals(bytes: Uint8Array): readonly number[] {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at += 128) {
    const run = bytes.subarray(at, at + 128);
    out.push(run.length - 1, ...run);
  }
  return out;
}

function encodeRle(planes: readonly Uint8Array[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(64));
  header.setUint32(0, planes.length, true);
  const packed = planes.map(packLiterals);
  let offset = 64;
  for (const [n, plane] of packed.entries()) {
    header.setUint32(4 + n * 4, offset, true);
    offset += plane.length;
  }
  return Uint8Array.from([...new Uint8Array(header.buffer), ...packed.flat()]);
}

describe('RLE', () => {
  it('returns samples of any width that were split into byte planes, highest byte first', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(8, 16, 32),
        fc.constantFrom(1, 3),
        fc.uint8Array({ minLength: 12, maxLength: 12 * 30 }),
        (bits, samples, noise) => {
          const width = bits / 8;
          const pixels = Math.floor(noise.length / (width * samples));
          if (pixels === 0) return;
          const expected = noise.slice(0, pixels * samples * width);
          const planes = Array.from({ length: samples * width }, (_, plane) => {
            const byte = width - 1 - (plane % width);
            const sample = Math.floor(plane / width);
            return Uint8Array.from(
              { length: pixels },
              (_unused, n) => expected[(n * samples + sample) * width + byte] ?? 0,
            );
          });
          expect(decodeRle(encodeRle(planes), pixels, samples, bits)).toEqual(expected);
        },
      ),
    );
  });

  it('unpacks runs and skips the do-nothing byte', () => {
    const header = new Uint8Array(64);
    header[0] = 1;
    header[4] = 64;
    const body = [0x80, 0xfe, 7, 1, 8, 9]; // nothing, three times 7, then 8 9
    const decoded = decodeRle(Uint8Array.from([...header, ...body]), 5, 1, 8);
    expect([...decoded]).toEqual([7, 7, 7, 8, 9]);
  });

  it('refuses segments that end early or point outside', () => {
    const good = encodeRle([Uint8Array.from([1, 2, 3, 4])]);
    expect(() => decodeRle(good.subarray(0, 66), 4, 1, 8)).toThrow(IbisError);
    expect(() => decodeRle(good, 4, 3, 8)).toThrow(IbisError);
    expect(() => decodeRle(good.subarray(0, 30), 4, 1, 8)).toThrow(IbisError);
  });
});
