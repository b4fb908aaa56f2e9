// The disk that fails, and what is told of a file: disk-faults.ts, file-durability.ts.
import { area, tests } from "./area.mjs";

export const diskMutations = area(
  "disk",
  [tests.crash, tests.disk, tests.crashStates, tests.pathImages, tests.laws, tests.vanish],
  [
    {
      what: "a failure is told only to the first handle that asks",
      file: "disk-faults.ts",
      find: "if (report === undefined || report.count <= handle.heard) return undefined;",
      put: "if (report === undefined || report.count <= handle.heard || !this.#reports.delete(handle.ino)) return undefined;",
    },
    {
      what: "the poison of a directory is never forgotten",
      file: "disk-faults.ts",
      find: "this.#poisonedNames.clear();",
    },

    // --- disk-faults.ts ---
    {
      what: "a fault of names barriers strikes for ever",
      file: "disk-faults.ts",
      in: "takeNames(ino",
      find: "this.#names.delete(ino);",
    },
    {
      what: "latent errors are never looked up",
      file: "disk-faults.ts",
      in: "latentError(ino",
      find: "this.quiet = false;",
    },
    { what: "stale pages are never looked up", file: "disk-faults.ts", in: "staleRead(", find: "this.quiet = false;" },
    {
      what: "a page that cannot be read is read",
      file: "disk-faults.ts",
      find: "if (this.#latent.get(handle.ino)?.has(page) !== true) continue;",
      put: "if (page >= first) continue;",
    },
    {
      what: "stale bytes are not shown",
      file: "disk-faults.ts",
      find: "if (from < to) target.set(bytes.subarray(from - page * pageBytes, to - page * pageBytes), from - offset);",
    },
    {
      what: "a latent error outlives a write",
      file: "disk-faults.ts",
      find: "this.#latent.get(ino)?.delete(record.page);",
    },
    {
      what: "a stale page outlives a write",
      file: "disk-faults.ts",
      find: "this.#stale.get(ino)?.delete(record.page);",
    },
    {
      what: "a lost write is not marked",
      file: "disk-faults.ts",
      find: 'if (fault.kind === "lostWrite") record.lost = true;',
      put: 'if (fault.kind === "lostWrite") continue;',
    },
    {
      what: "a misdirected write is not marked",
      file: "disk-faults.ts",
      find: "else record.strayTo = { ino: targetIno, page };",
    },
    {
      what: "all pages of a misdirected write hit one page",
      file: "disk-faults.ts",
      in: "misplace(",
      find: "page += 1;",
    },
    {
      what: "a failed barrier loses what came after its issue",
      file: "disk-faults.ts",
      find: 'effect.kind === "data" && effect.seq < covers',
      put: 'effect.kind === "data"',
    },
    {
      what: "a failed barrier loses lengths",
      file: "disk-faults.ts",
      find: 'effect.kind === "data" && effect.seq < covers',
      put: "effect.seq < covers",
    },
    {
      what: "a failed barrier that loses a part loses all",
      file: "disk-faults.ts",
      find: "return pending.filter(() => prng.coin(0.5)).map(({ seq }) => seq);",
      put: "return pending.filter(() => prng.coin(0.5) || true).map(({ seq }) => seq);",
    },
    {
      what: "a reload drops what is dirty",
      file: "disk-faults.ts",
      in: "reload(state",
      find: "for (const effect of ledger.pendingOfFile(ino)) applyEffect(disk, effect, ledger.personality);",
    },
    {
      what: "a reload keeps bytes behind the end",
      file: "disk-faults.ts",
      in: "reload(state",
      find: "disk.trim(ino);",
    },
    {
      what: "a reload does not reach the cache",
      file: "disk-faults.ts",
      in: "reload(state",
      find: "if (content !== undefined) state.adoptContent(ino, content);",
    },
    {
      what: "a stale page counts the write that was lost",
      file: "disk-faults.ts",
      find: "&& record.page === page && !record.lost;",
      put: "&& record.page === page;",
    },
    {
      what: "a stale page is the newest",
      file: "disk-faults.ts",
      find: "records.slice(0, Math.max(last, 0))",
      put: "records",
    },

    // --- file-durability.ts ---
    {
      what: "lost bytes are reported as durable",
      file: "file-durability.ts",
      find: 'if (lost.has(effect.seq) || effect.lost || effect.strayTo !== undefined) map.set(range, "lost");\n    else map.set',
      put: "map.set",
    },
    {
      what: "pending bytes are reported as durable",
      file: "file-durability.ts",
      find: 'map.set(range, pending.has(effect) ? "pending" : "durable");',
      put: 'map.set(range, "durable");',
    },
    {
      what: "a grown length is reported as durable",
      file: "file-durability.ts",
      find: 'map.set({ start: effect.from, end: effect.to }, "pending");',
    },
    {
      what: "every name is reported as durable",
      file: "file-durability.ts",
      find: "return at === ino;",
      put: "return true;",
    },
  ],
);
