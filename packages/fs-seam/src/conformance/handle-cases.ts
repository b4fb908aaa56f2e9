import { claim, claimEqual, claimThrows } from "./claims.js";
import type { ConformanceCase } from "./conformance-case.js";
import { bytesOf, get, put, textOf } from "./sample-files.js";
import type { FileHandle } from "../file-handle.js";
import { isFsError } from "../fs-error.js";

const tebibyte = 2 ** 40;

/** Bytes of `handle` from `offset`, at most `length`. */
function readText(handle: FileHandle, offset: number, length: number): string {
  const target = new Uint8Array(length);
  return textOf(target.subarray(0, handle.readAt(target, offset)));
}

/** Reading, writing and resizing through one or more open handles. */
export const handleCases: readonly ConformanceCase[] = [
  {
    id: "handle-length-reflects-synced-bytes",
    family: "handles",
    obligation: "After a write and a barrier the live handle knows its length.",
    run({ fs }) {
      using handle = fs.open("/f", { mode: "write", create: "exclusive" });
      claimEqual(handle.stat().size, 0, "length of a new file");
      handle.writeAt(bytesOf("0123456789"), 0);
      claimEqual(handle.stat().size, 10, "length before the barrier");
      handle.syncBlocking("data");
      claimEqual(handle.stat().size, 10, "length behind the barrier");
    },
  },
  {
    id: "positioned-read-exact",
    family: "handles",
    obligation: "A read of 4 bytes at offset 2 of a reopened file gives bytes 2 to 5.",
    run({ fs }) {
      put(fs, "/f", "0123456789", "data");
      using handle = fs.open("/f", { mode: "read" });
      claimEqual(readText(handle, 2, 4), "2345", "bytes");
      claimEqual(readText(handle, 9, 1), "9", "the last byte");
      claimEqual(readText(handle, 0, 1), "0", "an earlier byte after a later one");
    },
  },
  {
    id: "positioned-short-read-typed",
    family: "handles",
    obligation: "A read past the end returns what there is, says how much, and leaves the rest of the buffer alone.",
    run({ fs }) {
      put(fs, "/f", "0123456789");
      using handle = fs.open("/f", { mode: "read" });
      const target = new Uint8Array(8).fill(0xee);
      claimEqual(handle.readAt(target, 6), 4, "count");
      claimEqual(textOf(target), "6789\xee\xee\xee\xee", "buffer");
    },
  },
  {
    id: "read-at-and-beyond-end",
    family: "handles",
    obligation: "A read at the end, or anywhere behind it, returns 0 and touches nothing.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "read" });
      const target = new Uint8Array(4).fill(0xee);
      for (const offset of [3, 4, 4096, tebibyte]) claimEqual(handle.readAt(target, offset), 0, `count at ${offset}`);
      claimEqual(textOf(target), "\xee\xee\xee\xee", "buffer");
    },
  },
  {
    id: "promise-read-equals-blocking-read",
    family: "handles",
    obligation: "The promise form of a read returns what the blocking form does, also short and at the end.",
    async run({ fs }) {
      put(fs, "/f", "0123456789");
      using handle = fs.open("/f", { mode: "read" });
      for (const [offset, length] of [
        [0, 10],
        [6, 8],
        [10, 4],
        [2, 0],
        [tebibyte, 4],
      ] as const) {
        const blocking = new Uint8Array(length).fill(0xee);
        const promised = new Uint8Array(length).fill(0xee);
        const count = handle.readAt(blocking, offset);
        claimEqual(await handle.readAtAsync(promised, offset), count, `count at ${offset}`);
        claimEqual(textOf(promised), textOf(blocking), `bytes at ${offset}`);
      }
    },
  },
  {
    id: "empty-buffers",
    family: "handles",
    obligation: "Transfers of nothing succeed, and neither grow the file nor fail at its end.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      using log = fs.open("/f", { mode: "append" });
      const nothing = new Uint8Array(0);
      claimEqual(handle.readAt(nothing, 0), 0, "count of an empty read");
      claimEqual(handle.readAt(nothing, 99), 0, "count of an empty read behind the end");
      handle.writeAt(nothing, 1);
      handle.writeAt(nothing, 99);
      log.append(nothing);
      claimEqual(get(fs, "/f"), "abc", "content");
    },
  },
  {
    id: "buffers-with-byte-offset",
    family: "handles",
    obligation: "A view into a larger buffer is read and written within its own bounds.",
    run({ fs }) {
      const source = bytesOf("<<payload>>");
      using handle = fs.open("/f", { mode: "write", create: "exclusive" });
      handle.writeAt(source.subarray(2, 9), 0);
      const target = new Uint8Array(11).fill(0x2e);
      claimEqual(handle.readAt(target.subarray(2, 9), 0), 7, "count");
      claimEqual(textOf(target), "..payload..", "buffer around the view");
      using log = fs.open("/f", { mode: "append" });
      log.append(source.subarray(9));
      claimEqual(get(fs, "/f"), "payload>>", "content");
    },
  },
  {
    id: "node-buffers-accepted",
    family: "handles",
    obligation: "A Buffer serves as well as a Uint8Array.",
    run({ fs }) {
      using handle = fs.open("/f", { mode: "write", create: "exclusive" });
      handle.writeAt(Buffer.from("pooled"), 0);
      const target = Buffer.alloc(6);
      claimEqual(handle.readAt(target, 0), 6, "count");
      claimEqual(target.toString("latin1"), "pooled", "bytes");
    },
  },
  {
    id: "written-bytes-are-copied",
    family: "handles",
    obligation: "The buffer is the caller's again once the call returns: changing it changes no file.",
    run({ fs }) {
      const source = bytesOf("abcd");
      using handle = fs.open("/f", { mode: "write", create: "exclusive" });
      handle.writeAt(source, 0);
      source.fill(0x2e);
      using log = fs.open("/f", { mode: "append" });
      log.append(source);
      source.fill(0x21);
      claimEqual(get(fs, "/f"), "abcd....", "content");
      const target = new Uint8Array(8);
      handle.readAt(target, 0);
      target.fill(0);
      claimEqual(get(fs, "/f"), "abcd....", "content after the read buffer changed");
    },
  },
  {
    id: "overwrite-keeps-the-rest",
    family: "handles",
    obligation: "A write inside the file replaces its own bytes and no others, across page boundaries too.",
    run({ fs }) {
      const size = 3 * 4096;
      using handle = fs.open("/f", { mode: "write", create: "exclusive" });
      handle.writeAt(bytesOf("a".repeat(size)), 0);
      handle.writeAt(bytesOf("b".repeat(4098)), 4095);
      claimEqual(get(fs, "/f") === `${"a".repeat(4095)}${"b".repeat(4098)}${"a".repeat(size - 8193)}`, true, "content");
    },
  },
  {
    id: "large-write-round-trip",
    family: "handles",
    obligation: "Two mebibytes in one write come back byte for byte.",
    run({ fs }) {
      const bytes = new Uint8Array(2 << 20);
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = (at * 31 + (at >>> 12)) & 0xff;
      using handle = fs.open("/f", { mode: "append", create: "exclusive" });
      handle.append(bytes);
      const target = new Uint8Array(bytes.length + 1);
      claimEqual(handle.readAt(target, 0), bytes.length, "count");
      for (let at = 0; at < bytes.length; at += 1) {
        if (target[at] !== bytes[at]) claimEqual(target[at], bytes[at], `byte ${at}`);
      }
    },
  },
  {
    id: "gap-reads-zero",
    family: "handles",
    obligation: "A write behind the end leaves zeros in between.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      handle.writeAt(bytesOf("xyz"), 10_000);
      claimEqual(handle.stat().size, 10_003, "length");
      claim(get(fs, "/f") === `abc${"\0".repeat(9997)}xyz`, "the gap must read as zeros between the two texts");
    },
  },
  {
    id: "sparse-large-offset",
    family: "handles",
    obligation: "One byte behind a tebibyte of nothing can be written and read, and the nothing reads as zeros.",
    run(trial) {
      using handle = trial.fs.open("/f", { mode: "write", create: "exclusive" });
      try {
        handle.writeAt(bytesOf("x"), tebibyte);
      } catch (error) {
        if (!isFsError(error, "FS_FILE_TOO_LARGE", "FS_NO_SPACE", "FS_QUOTA_EXCEEDED")) throw error;
        claimEqual(handle.stat().size, 0, "length after a refused write");
        trial.qualify("sparse", `the backend has no files of a tebibyte: ${error.code}`);
      }
      claimEqual(handle.stat().size, tebibyte + 1, "length");
      claimEqual(readText(handle, tebibyte - 2, 8), "\0\0x", "the end");
      claimEqual(readText(handle, tebibyte / 2, 2), "\0\0", "the middle");
    },
  },
  {
    id: "append-lands-at-the-end",
    family: "handles",
    obligation: "Every append lands behind all that is there at that moment, whoever wrote it.",
    run({ fs }) {
      using one = fs.open("/f", { mode: "append", create: "exclusive" });
      using two = fs.open("/f", { mode: "append" });
      using free = fs.open("/f", { mode: "write" });
      one.append(bytesOf("1"));
      two.append(bytesOf("22"));
      free.writeAt(bytesOf("f"), 3);
      one.append(bytesOf("111"));
      two.append(bytesOf("2"));
      claimEqual(get(fs, "/f"), "122f1112", "content");
      free.truncate(2);
      one.append(bytesOf("!"));
      claimEqual(get(fs, "/f"), "12!", "content after a truncation");
    },
  },
  {
    id: "open-append-ignores-offset",
    family: "handles",
    obligation: "A positioned write is refused on an append handle, because the platform would ignore its offset.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using log = fs.open("/f", { mode: "append" });
      claimThrows("writeAt", { code: "FS_INVALID_ARGUMENT", operation: "write", path: "/f" }, () =>
        log.writeAt(bytesOf("x"), 0),
      );
      claimEqual(get(fs, "/f"), "abc", "content");
      claimEqual(readText(log, 1, 5), "bc", "what an append handle reads");
    },
  },
  {
    id: "append-refused-on-write-handle",
    family: "handles",
    obligation: "An append is refused on a handle that was not opened for it.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      claimThrows("append", { code: "FS_INVALID_ARGUMENT", operation: "append", path: "/f" }, () =>
        handle.append(bytesOf("x")),
      );
      claimEqual(get(fs, "/f"), "abc", "content");
    },
  },
  {
    id: "read-handle-refuses-writes",
    family: "handles",
    obligation: "A handle opened for reading changes nothing; every attempt is FS_INVALID_ARGUMENT.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "read" });
      const refused = { code: "FS_INVALID_ARGUMENT", path: "/f" } as const;
      claimThrows("writeAt", { ...refused, operation: "write" }, () => handle.writeAt(bytesOf("x"), 0));
      claimThrows("append", { ...refused, operation: "append" }, () => handle.append(bytesOf("x")));
      claimThrows("truncate", { ...refused, operation: "truncate" }, () => handle.truncate(0));
      claimThrows("allocate", { ...refused, operation: "allocate" }, () => handle.allocate(0, 10));
      claimThrows("punch", { ...refused, operation: "punch" }, () => handle.punch(0, 1));
      claimEqual(get(fs, "/f"), "abc", "content");
    },
  },
  {
    id: "truncate-cuts-and-keeps",
    family: "handles",
    obligation: "Truncation to less cuts the end, keeps the start, and is seen by every handle at once.",
    run({ fs }) {
      put(fs, "/f", "0123456789");
      using reader = fs.open("/f", { mode: "read" });
      using handle = fs.open("/f", { mode: "write" });
      handle.truncate(4);
      claimEqual(readText(reader, 0, 10), "0123", "through another handle");
      claimEqual(reader.stat().size, 4, "length through another handle");
      handle.truncate(4);
      handle.truncate(0);
      claimEqual(get(fs, "/f"), "", "content");
    },
  },
  {
    id: "setlen-grow-reads-zero",
    family: "handles",
    obligation: "Truncation to more extends by zeros.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      handle.truncate(9000);
      claimEqual(handle.stat().size, 9000, "length");
      claim(get(fs, "/f") === `abc${"\0".repeat(8997)}`, "what was added must read as zeros");
    },
  },
  {
    id: "truncate-shrink-grow-reads-zero",
    family: "handles",
    obligation: "Bytes that a truncation cut off never come back, however the file grows again.",
    run({ fs }) {
      put(fs, "/f", "x".repeat(9000));
      using handle = fs.open("/f", { mode: "write" });
      handle.truncate(3);
      handle.truncate(9000);
      claim(get(fs, "/f") === `xxx${"\0".repeat(8997)}`, "after a second truncation the tail must read as zeros");
      handle.writeAt(bytesOf("y".repeat(9000)), 0);
      handle.truncate(3);
      handle.writeAt(bytesOf("z"), 8999);
      claim(get(fs, "/f") === `yyy${"\0".repeat(8996)}z`, "after a write behind the end the gap must read as zeros");
    },
  },
  {
    id: "append-handle-truncates",
    family: "handles",
    obligation: "An append handle may cut the file, as a log that repairs its tail does, and goes on at the new end.",
    run({ fs }) {
      using log = fs.open("/f", { mode: "append", create: "exclusive" });
      log.append(bytesOf("good-torn"));
      log.truncate(4);
      log.append(bytesOf("!"));
      claimEqual(get(fs, "/f"), "good!", "content");
    },
  },
  {
    id: "allocate-keeps-bytes",
    family: "handles",
    obligation: "Allocation keeps every byte there is, grows the file to the end of the range, and adds zeros.",
    run({ fs }) {
      put(fs, "/f", "0123456789");
      using handle = fs.open("/f", { mode: "write" });
      handle.allocate(2, 4);
      claimEqual(get(fs, "/f"), "0123456789", "content after a range inside");
      handle.allocate(4, 8192);
      claimEqual(handle.stat().size, 8196, "length");
      claim(get(fs, "/f") === `0123456789${"\0".repeat(8186)}`, "what was added must read as zeros");
      handle.allocate(0, 8196);
      claimEqual(handle.stat().size, 8196, "length after allocating again");
      handle.writeAt(bytesOf("x"), 8000);
      claimEqual(readText(handle, 7999, 3), "\0x\0", "a write into allocated storage");
    },
  },
  {
    id: "allocate-behind-a-gap",
    family: "handles",
    obligation: "Allocation behind the end grows the file, and the gap in between reads as zeros.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      handle.allocate(5000, 3000);
      claim(get(fs, "/f") === `abc${"\0".repeat(7997)}`, "content must be the old bytes and zeros up to 8000");
    },
  },
  {
    id: "punch-reads-zero-keeps-length",
    family: "handles",
    obligation: "A punched range reads as zeros; its neighbours and the length stay, also where it passes the end.",
    needs: ["punch"],
    run({ fs }) {
      put(fs, "/f", "x".repeat(12_288));
      using handle = fs.open("/f", { mode: "write" });
      handle.punch(100, 8192);
      claim(
        get(fs, "/f") === `${"x".repeat(100)}${"\0".repeat(8192)}${"x".repeat(3996)}`,
        "only the range must read as zeros",
      );
      handle.punch(12_000, 1_000_000);
      handle.punch(20_000, 10);
      claimEqual(handle.stat().size, 12_288, "length");
      claimEqual(readText(handle, 11_998, 10), `xx${"\0".repeat(8)}`, "the end");
      handle.writeAt(bytesOf("back"), 200);
      claimEqual(readText(handle, 199, 6), "\0back\0", "a write into a hole");
    },
  },
  {
    id: "punch-frees-storage",
    family: "handles",
    obligation: "A punched range costs no storage.",
    needs: ["punch"],
    run({ fs }) {
      put(fs, "/f", "x".repeat(65_536));
      using handle = fs.open("/f", { mode: "write" });
      const before = handle.stat().allocatedBytes;
      handle.punch(0, 65_536);
      claim(handle.stat().allocatedBytes < before, `allocatedBytes must fall from ${before}`);
    },
  },
];
