import { crc32 } from "@holdfast/segment-codec";

/** A footer taken apart as docs/formats/sidx.md says, so that a test can change one part and put it together under sound checksums. */
export interface Parts {
  readonly blocks: Uint8Array[];
  readonly records: Uint8Array[];
  trailer: Uint8Array;
}

/** The sections of a footer that is small enough to have one block of each. */
export const sectionBlocks = { rows: 0, eventIds: 1, entities: 2, strings: 3, stringKeys: 4 } as const;

export function viewOf(bytes: Uint8Array | undefined): DataView {
  if (bytes === undefined) throw new Error("there is no such part");
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function takeApart(footer: Uint8Array): Parts {
  const trailer = footer.slice(-32);
  const [entries, strings] = [viewOf(trailer).getUint32(8, true), viewOf(trailer).getUint32(12, true)];
  const sizes = [
    ...Array.from({ length: Math.ceil(entries / 1024) }, () => 88),
    ...Array.from({ length: 2 * Math.ceil(entries / 4096) }, () => 24),
    ...Array.from({ length: Math.ceil(strings / 256) }, () => 8),
    ...Array.from({ length: Math.ceil(strings / 4096) }, () => 24),
  ];
  let at = footer.length - 32 - sizes.reduce((sum, size) => sum + size, 0);
  const records = sizes.map((size) => footer.slice(at, (at += size)));
  at = 0;
  const blocks = records.map((record) => footer.slice(at, (at += viewOf(record).getUint32(0, true))));
  return { blocks, records, trailer };
}

/** Puts a footer together again, every length and checksum made good. */
export function putTogether({ blocks, records, trailer }: Parts): Uint8Array {
  records.forEach((record, index) => {
    const block = blocks[index];
    if (block === undefined) return;
    viewOf(record).setUint32(0, block.length, true);
    viewOf(record).setUint32(4, crc32(block), true);
  });
  return sealRoot({ blocks, records, trailer });
}

/** The same, but the records stay as they are: only the root is made good. */
export function sealRoot({ blocks, records, trailer }: Parts): Uint8Array {
  const root = Uint8Array.from(Buffer.concat([...records, trailer]));
  viewOf(root).setUint32(root.length - 8, crc32(root, 0, root.length - 8), true);
  return Uint8Array.from(Buffer.concat([...blocks, root]));
}

/** A footer with one thing changed under sound checksums. */
export function forge(footer: Uint8Array, change: (parts: Parts) => void): Uint8Array {
  const parts = takeApart(footer);
  change(parts);
  return putTogether(parts);
}

/** A numeric column as a block holds it; base and width are those of the format unless a test wants others. */
export interface RawColumn {
  readonly values: readonly number[];
  readonly base?: number;
  readonly width?: number;
}

const padding = (size: number): Uint8Array => new Uint8Array(-size & 7);

/** A block of columns, written as docs/formats/sidx.md says. */
export function columnBlock(numeric: readonly RawColumn[], byteColumns: readonly Uint8Array[]): Uint8Array {
  const count = numeric[0]?.values.length ?? 0;
  const columns = numeric.map(({ values, base = Math.min(...values), width }) => {
    const bits = Math.max(...values.map((value) => value - base)).toString(2).length;
    const needed = values.every((value) => value === base) ? 0 : Math.ceil(bits / 8);
    return { base, width: width ?? needed, distances: values.map((value) => BigInt(value - base)) };
  });
  const widths = [...columns.map(({ width }) => width), ...byteColumns.map(({ length }) => length / count)];
  const bases = new BigUint64Array(columns.map(({ base }) => BigInt(base)));
  const numbers = columns.flatMap(({ width, distances }) =>
    distances.flatMap((distance) =>
      Array.from({ length: width }, (_, at) => Number((distance >> BigInt(8 * at)) & 0xffn)),
    ),
  );
  const parts = [
    Uint8Array.from(widths),
    padding(widths.length),
    new Uint8Array(bases.buffer),
    Uint8Array.from(numbers),
  ];
  const block = Buffer.concat([...parts, ...byteColumns]);
  return Uint8Array.from(Buffer.concat([block, padding(block.length)]));
}
