import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CrashFs } from "./crash-fs.js";
import { isMediaHandle, type HandleMediaFault } from "./media-faults.js";
import { fnv1a64 } from "./prng.js";
import { Digest } from "./sim-digest.js";
import { traceHash } from "./sim-trace-hash.js";

const utf8 = new TextEncoder();

describe("Digest", () => {
  test.each([
    ["", "cbf29ce484222325"],
    ["a", "af63dc4c8601ec8c"],
    ["foobar", "85944171f73967e8"],
  ])("is FNV-1a: %j", (text, expected) => {
    expect(new Digest().bytes(utf8.encode(text)).hex()).toBe(expected);
  });

  test("in pieces or at once, from any place of a buffer", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, cut) => {
        const bytes = utf8.encode(text);
        const at = cut % (bytes.length + 1);
        const whole = new Digest().bytes(bytes).value();
        expect(whole).toBe(fnv1a64(text));
        expect(new Digest().bytes(bytes, 0, at).bytes(bytes, at).value()).toBe(whole);
      }),
      { numRuns: 100 },
    );
  });

  test("numbers are 8 bytes, little-endian", () => {
    const bytes = new Uint8Array(8);
    for (const value of [0, 1, 255, 2 ** 32 - 1, 2 ** 32, 0x12_3456_789a, Number.MAX_SAFE_INTEGER]) {
      new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
      const expected = new Digest().bytes(bytes).hex();
      expect(new Digest().count(value).hex()).toBe(expected);
      expect(new Digest().u64(BigInt(value)).hex()).toBe(expected);
    }
    expect(new Digest().u64(-1n).hex()).toBe(new Digest().u64((1n << 64n) - 1n).hex());
  });

  test("texts do not run into each other", () => {
    expect(new Digest().text("ab").text("c").hex()).not.toBe(new Digest().text("a").text("bc").hex());
  });
});

describe("traceHash", () => {
  const base = (): CrashFs => {
    const fs = new CrashFs();
    using handle = fs.open("/a", { mode: "write", create: "exclusive" });
    handle.writeAt(Uint8Array.of(1, 2, 3), 10);
    handle.syncBlocking("data");
    fs.syncNamesBlocking("/");
    fs.mark("acknowledged", { upTo: 3 });
    return fs;
  };
  /** One small difference each; every one must show. */
  const variants: Readonly<Record<string, (fs: CrashFs) => void>> = {
    nothing: () => {},
    "another byte": (fs) => {
      using handle = fs.open("/a", { mode: "write" });
      handle.writeAt(Uint8Array.of(1), 10);
    },
    "another place": (fs) => {
      using handle = fs.open("/a", { mode: "write" });
      handle.writeAt(Uint8Array.of(1), 11);
    },
    "zeros without bytes": (fs) => {
      using handle = fs.open("/a", { mode: "write" });
      handle.punch(10, 1);
    },
    "zeros as bytes": (fs) => {
      using handle = fs.open("/a", { mode: "write" });
      handle.writeAt(Uint8Array.of(0), 10);
    },
    "a length": (fs) => {
      using handle = fs.open("/a", { mode: "write" });
      handle.truncate(20);
    },
    "another length": (fs) => {
      using handle = fs.open("/a", { mode: "write" });
      handle.truncate(21);
    },
    "a name": (fs) => fs.link("/a", "/b"),
    "another name": (fs) => fs.link("/a", "/c"),
    "no name": (fs) => fs.remove("/a"),
    "a rename": (fs) => fs.rename("/a", "/b"),
    "a directory": (fs) => fs.makeDirectory("/b"),
    "a data barrier": (fs) => {
      using handle = fs.open("/a", { mode: "read" });
      handle.syncBlocking("data");
    },
    "a full barrier": (fs) => {
      using handle = fs.open("/a", { mode: "read" });
      handle.syncBlocking("full");
    },
    "a names barrier": (fs) => fs.syncNamesBlocking("/"),
    "a dropped names barrier": (fs) => {
      fs.media.armNamesFault("/", { kind: "droppedSync" });
      fs.syncNamesBlocking("/");
    },
    "a mark": (fs) => fs.mark("x"),
    "another mark": (fs) => fs.mark("y"),
    "a mark with data": (fs) => fs.mark("x", { lsn: 1n }),
    "a mark with other data": (fs) => fs.mark("x", { lsn: 2n }),
    "write-back": (fs) => fs.writeback([]),
    "a flipped bit": (fs) => fs.media.flipBit("/a", 10, 3),
    "another flipped bit": (fs) => fs.media.flipBit("/a", 10, 4),
  };

  test("is equal for equal runs and differs for every difference", () => {
    const seen = new Map<string, string>();
    for (const [name, change] of Object.entries(variants)) {
      const hashes = [base(), base()].map((fs) => {
        change(fs);
        return traceHash(fs.trace());
      });
      expect(hashes[0]).toBe(hashes[1]);
      expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
      expect(seen.get(hashes[0] ?? ""), `${name} looks like`).toBeUndefined();
      seen.set(hashes[0] ?? "", name);
    }
  });

  test("a write that the disk loses or misplaces is another run", () => {
    const faults: (HandleMediaFault | undefined)[] = [
      { kind: "lostWrite" },
      { kind: "misdirectedWrite", path: "/a", offset: 4096 },
      undefined,
    ];
    const hashes = faults.map((fault) => {
      const fs = base();
      const handle = fs.open("/a", { mode: "write" });
      if (fault !== undefined && isMediaHandle(handle)) handle.armMediaFault(fault);
      handle.writeAt(Uint8Array.of(9), 0);
      return traceHash(fs.trace());
    });
    expect(new Set(hashes).size).toBe(3);
  });

  test("where a call came from does not count", () => {
    const quiet = new CrashFs();
    const noted = new CrashFs({ callSites: true });
    for (const fs of [quiet, noted]) fs.open("/a", { mode: "append", create: "exclusive" }).append(Uint8Array.of(1));
    expect(traceHash(noted.trace())).toBe(traceHash(quiet.trace()));
  });
});
