import { describe, expect, it } from 'vitest';

import { bareJpeg, barePng } from '../../../src/engine/deidentify/bareImages.js';

const segment = (marker: number, payload: string): Buffer => {
  const data = Buffer.from(payload, 'latin1');
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
};

describe('a JPEG with nothing in it but what draws it', () => {
  const begin = Buffer.from([0xff, 0xd8]);
  const end = Buffer.from([0xff, 0xd9]);
  const frame = segment(0xc0, 'frame');
  const adobe = segment(0xee, 'Adobe\0\x64\0\0\0\0\x01');
  // A stuffed byte, a restart marker and fill bytes belong to the scan.
  const coded = Buffer.from([1, 0xff, 0x00, 2, 0xff, 0xd3, 3, 0xff, 0xff, 0x00]);
  const scan = Buffer.concat([segment(0xda, 'scan'), coded]);
  const jfif = (rest: string) => segment(0xe0, `JFIF\0\x01\x02\0\0\x01\0\x01${rest}`);

  it('keeps frame, tables, every scan and how its colours are stored', () => {
    const tables = segment(0xc4, 'more tables');
    const bare = Buffer.concat([begin, jfif('\0\0'), adobe, frame, scan, tables, scan, end]);
    expect(bareJpeg(bare)).toEqual(bare);
  });

  it('loses thumbnail, Exif block, profile, comment, and what stands behind its end', () => {
    const names = [
      segment(0xe1, 'Exif Zweistein'),
      segment(0xe2, 'ICC'),
      segment(0xfe, 'Zweistein'),
    ];
    const whole = Buffer.concat([
      ...[begin, jfif('\x01\x01Zwe'), segment(0xe0, 'JFXX thumbnail'), ...names, frame, scan],
      ...[segment(0xfe, 'between scans'), scan, end, Buffer.from('Zweistein')],
    ]);
    expect(bareJpeg(whole)).toEqual(Buffer.concat([begin, jfif('\0\0'), frame, scan, scan, end]));
  });

  it('is refused where it is cut short, anywhere', () => {
    const whole = Buffer.concat([begin, jfif('\0\0'), frame, scan, end]);
    for (let length = 2; length < whole.length; length++)
      expect(() => bareJpeg(whole.subarray(0, length)), String(length)).toThrow(/damaged/);
  });
});

describe('a PNG with nothing in it but what draws it', () => {
  it('is refused where it is cut short', () => {
    const chunk = Buffer.from('\0\0\0\x01IDATx\0\0\0\0\0\0\0\0IEND\0\0\0\0', 'latin1');
    const whole = Buffer.concat([Buffer.alloc(8), chunk]);
    expect(barePng(whole)).toEqual(whole);
    for (let length = 0; length < whole.length; length++)
      expect(() => barePng(whole.subarray(0, length)), String(length)).toThrow(/damaged/);
  });
});
