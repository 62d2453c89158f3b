interface BitPlace {
  readonly bits: Uint8Array;
  readonly at: number; // bit; the lowest of a byte is its first
}

/** Adds `count` bits from one place to those of another, eight at a time: rows of pixels that begin inside a byte. */
export function addBits(from: BitPlace, to: BitPlace, count: number): void {
  for (let done = 0; done < count; done += 8) {
    const wanted = count - done < 8 ? (1 << (count - done)) - 1 : 0xff;
    const read = from.at + done;
    const pair = (from.bits[read >> 3] ?? 0) | ((from.bits[(read >> 3) + 1] ?? 0) << 8);
    const value = (pair >> (read & 7)) & wanted;
    if (value === 0) continue;
    const write = to.at + done;
    const shifted = value << (write & 7);
    to.bits[write >> 3] = (to.bits[write >> 3] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff)
      to.bits[(write >> 3) + 1] = (to.bits[(write >> 3) + 1] ?? 0) | (shifted >> 8);
  }
}
