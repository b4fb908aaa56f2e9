import * as nodeFs from "node:fs";
import type { EventEmitter } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { createNodeFs } from "../../src/node/index.js";
import { describeError, outcomeOf, type Fs } from "./play.js";

// Goal: streams of the facade deliver, in the same order, the events and bytes of real ones. Method: both are given the
// same options and the same pieces, on the same content below the same path.

const place = fc.constantFrom(undefined, 0, 3, 40);
const target = fc.constantFrom("there", "missing", "no/where", "directory");

async function watch(
  make: () => nodeFs.ReadStream | nodeFs.WriteStream,
  feed: (stream: never) => void,
): Promise<unknown> {
  return outcomeOf(async () => {
    const stream = make() as nodeFs.WriteStream;
    const events: unknown[] = [];
    const emitter: EventEmitter = stream;
    for (const event of ["open", "ready", "finish", "end", "close"]) emitter.on(event, () => events.push(event));
    emitter.on("error", (error) => events.push(describeError(error)));
    emitter.on("data", (piece: Buffer) => events.push(piece.toString("latin1")));
    feed(stream as never);
    await finished(stream).catch(() => undefined);
    if (!stream.closed) await new Promise((resolve) => emitter.once("close", resolve));
    return [events, "bytesRead" in stream ? stream["bytesRead"] : stream.bytesWritten, stream.path];
  });
}

async function onBoth(play: (fs: Fs, root: string) => Promise<unknown>): Promise<void> {
  const root = nodeFs.mkdtempSync(join(tmpdir(), "holdfast-streams-"));
  try {
    const outcomes: unknown[] = [];
    for (const fs of [nodeFs, createNodeFs(new MemoryFs(), { root })]) {
      fs.mkdirSync(join(root, "directory"));
      fs.writeFileSync(join(root, "there"), "0123456789".repeat(9));
      outcomes.push(await play(fs, root));
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  } finally {
    nodeFs.rmSync(root, { recursive: true, force: true });
  }
}

test("a read stream delivers what a real one does", { timeout: 300_000 }, async () => {
  const options = fc.record(
    { start: place, end: place, highWaterMark: fc.constantFrom(1, 7, 64), flags: fc.constantFrom("r", "r+", "w+") },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(target, options, fc.boolean(), (name, given, byDescriptor) =>
      onBoth((fs, root) => {
        const path = join(root, name);
        const fd = byDescriptor && name === "there" ? { fd: fs.openSync(path, "r") } : {};
        return watch(
          () => fs.createReadStream(path, { ...given, ...fd }),
          () => undefined,
        );
      }),
    ),
    { numRuns: 100 },
  );
});

test("a write stream writes what a real one does", { timeout: 300_000 }, async () => {
  const options = fc.record(
    {
      start: place,
      flags: fc.constantFrom("w", "a", "r+", "wx"),
      highWaterMark: fc.constantFrom(1, 64),
      flush: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const pieces = fc.array(fc.string({ minLength: 1, maxLength: 9 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(target, options, pieces, (name, given, texts) =>
      onBoth(async (fs, root) => {
        const path = join(root, name);
        const outcome = await watch(
          () => fs.createWriteStream(path, given),
          (stream: nodeFs.WriteStream) => {
            for (const text of texts) stream.write(text);
            stream.end();
          },
        );
        return [outcome, await outcomeOf(() => fs.readFileSync(path, "latin1"))];
      }),
    ),
    { numRuns: 100 },
  );
});

test("a stream on a handle closes it, and lines come one by one", async () => {
  const fs = createNodeFs(new MemoryFs());
  const written = await fs.promises.open("/log", "w");
  const closed = new Promise((resolve) => (written as unknown as EventEmitter).on("close", resolve));
  written.createWriteStream().end("one\ntwo\nthree");
  await closed;
  expect(written.fd).toBe(-1);
  const lines: string[] = [];
  const handle = await fs.promises.open("/log");
  for await (const line of handle.readLines()) lines.push(line);
  expect(lines).toEqual(["one", "two", "three"]);
});

test("a stream with flush is durable when it has closed, and one without is not", async () => {
  for (const flush of [true, false]) {
    const store = new CrashFs();
    const fs = createNodeFs(store);
    fs.writeFileSync("/log", "");
    fs.fsyncSync(fs.openSync("/log", "r"));
    fs.fsyncSync(fs.openSync("/", "r"));
    const stream = fs.createWriteStream("/log", { flush }).end("bytes");
    await new Promise<void>((resolve) => stream.on("close", () => resolve()));
    store.crash("worst");
    expect(createNodeFs(store).readFileSync("/log", "utf8")).toBe(flush ? "bytes" : "");
  }
});
