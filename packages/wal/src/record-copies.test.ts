import { describe, expect, test } from "vitest";
import { RecordCopies, type LentRecord } from "./record-copies.js";

/** Memory of a cursor in which every byte tells where in the file it is from. */
function memory(length: number, bytesOffset: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (bytesOffset + index) % 251);
}

function lent(bytes: Uint8Array, bytesOffset: number, start: number, end: number): LentRecord {
  return { bytes, bytesOffset, start, end };
}

describe("copies of records", () => {
  test("keep what they were, whatever happens to the memory they were lent from", () => {
    const copies = new RecordCopies();
    const bytes = memory(200, 0);
    const [first, second] = [copies.take(lent(bytes, 0, 10, 20)), copies.take(lent(bytes, 0, 30, 50))];
    bytes.fill(255);
    expect([...first]).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect([...second.subarray(0, 2), second.length]).toEqual([30, 31, 20]);
  });

  test("are taken anew once the cursor has read on into the same memory", () => {
    const copies = new RecordCopies();
    const bytes = memory(200, 0);
    copies.take(lent(bytes, 0, 32, 40));
    bytes.set(memory(200, 100));
    expect([...copies.take(lent(bytes, 100, 36, 38))]).toEqual([136, 137]);
  });

  test("are taken anew from other memory that begins at the same offset", () => {
    const copies = new RecordCopies();
    copies.take(lent(new Uint8Array(200), 0, 32, 40));
    expect([...copies.take(lent(memory(200, 0), 0, 36, 38))]).toEqual([36, 37]);
  });

  test("reach behind what was copied at first", () => {
    const copies = new RecordCopies();
    const bytes = memory(100_000, 0);
    copies.take(lent(bytes, 0, 0, 8));
    const late = copies.take(lent(bytes, 0, 1020, 90_000));
    expect([late.length, late[0], late.at(-1)]).toEqual([88_980, 1020 % 251, 89_999 % 251]);
  });

  test("hold 1 KiB for a single one, 32 KiB for many, and nothing besides a long one", () => {
    const copies = new RecordCopies();
    const bytes = memory(500_000, 0);
    expect(copies.take(lent(bytes, 0, 0, 8)).buffer.byteLength).toBe(1024);
    let most = 0;
    for (let at = 8; at < 300_000; at += 8) {
      most = Math.max(most, copies.take(lent(bytes, 0, at, at + 8)).buffer.byteLength);
    }
    expect(most).toBe(32 * 1024);
    expect(copies.take(lent(bytes, 0, 300_000, 480_000)).buffer.byteLength).toBe(180_000);
  });
});
