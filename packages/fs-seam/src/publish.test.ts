import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sweepFaults, sweptErrnos } from "../test/support/fault-sweep.js";
import {
  bytesOf,
  descriptorCount,
  failureOf,
  platformError,
  rejectionOf,
  scratchDirectory,
} from "../test/support/real-scene.js";
import { Directory } from "./directory.js";
import { stageFile, type PublishOptions, type StagedFile } from "./publish.js";
import type { RealCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";

function scene(calls: Partial<RealCalls> = {}): { root: string; directory: Directory } {
  const root = scratchDirectory();
  writeFileSync(`${root}/file`, "old");
  return { root, directory: new Directory(new RealFs({ root, calls })) };
}

const kinds = [
  ["publish", (staged: StagedFile, options: PublishOptions) => staged.publish(options)],
  ["publishBlocking", async (staged: StagedFile, options: PublishOptions) => staged.publishBlocking(options)],
] as const;

describe.each(kinds)("%s", (_kind, publish) => {
  test("shows nothing before, and all of it afterwards", async () => {
    const { root, directory } = scene();
    const before = descriptorCount();
    const staged = stageFile(directory, "file");
    expect(staged.path).toBe("file");
    staged.handle.append(bytesOf("one "));
    staged.handle.append(bytesOf("two"));
    expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
    expect(directory.list().map(({ name }) => name)).toEqual(["file"]);
    await publish(staged, { rung: "full" });
    expect(readFileSync(`${root}/file`, "latin1")).toBe("one two");
    expect(readdirSync(root)).toEqual(["file"]);
    staged.discard();
    expect(existsSync(`${root}/file`)).toBe(true);
    expect((await rejectionOf(publish(staged, { rung: "os" }))).code).toBe("FS_CLOSED");
    expect(descriptorCount()).toBe(before);
  });

  test("exclusive: creates, and never replaces", async () => {
    const { root, directory } = scene();
    const fresh = stageFile(directory, "fresh");
    fresh.handle.append(bytesOf("new"));
    await publish(fresh, { rung: "data", exclusive: true });
    expect(readFileSync(`${root}/fresh`, "latin1")).toBe("new");
    expect(statSync(`${root}/fresh`).nlink).toBe(1);
    const late = stageFile(directory, "file");
    late.handle.append(bytesOf("new"));
    expect((await rejectionOf(publish(late, { rung: "data", exclusive: true }))).code).toBe("FS_ALREADY_EXISTS");
    expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
    expect(readdirSync(root).toSorted()).toEqual(["file", "fresh"]);
  });

  test("a failed removal of the staged name behind an exclusive publish says that the file is there", async () => {
    const { root, directory } = scene({
      unlink: () => {
        throw platformError("EIO");
      },
    });
    const staged = stageFile(directory, "fresh");
    const failure = await rejectionOf(publish(staged, { rung: "data", exclusive: true }));
    expect(failure).toMatchObject({ code: "FS_IO", visible: true, operation: "remove" });
    expect(existsSync(`${root}/fresh`)).toBe(true);
    expect(new Directory(new RealFs({ root })).sweepTemps()).toBe(1);
    expect(existsSync(`${root}/fresh`)).toBe(true);
  });

  test("a wrong rung or a misspelled option is refused, and the file is still staged", async () => {
    const { root, directory } = scene();
    const staged = stageFile(directory, "file");
    for (const options of [{ rung: "memory" }, {}, { rung: "data", exlusive: true }] as unknown as PublishOptions[]) {
      expect((await rejectionOf(publish(staged, options))).code).toBe("FS_INVALID_ARGUMENT");
    }
    await publish(staged, { rung: "data" });
    expect(readFileSync(`${root}/file`, "latin1")).toBe("");
  });

  test("a failed barrier leaves the old file, and nothing else", async () => {
    const fail = (): never => {
      throw platformError("EIO");
    };
    const { root, directory } = scene({
      fsync: fail,
      fsyncAsync: (_fd, done) => setImmediate(done, platformError("EIO")),
    });
    const staged = stageFile(directory, "file");
    staged.handle.append(bytesOf("new"));
    expect(await rejectionOf(publish(staged, { rung: "full" }))).toMatchObject({ code: "FS_IO", operation: "sync" });
    expect(readdirSync(root)).toEqual(["file"]);
    expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
  });

  test.each(sweptErrnos)("exclusive, %s at every call: absent, or whole and `visible`", async (errno) => {
    await sweepFaults(
      errno,
      "once",
      async (directory) => {
        const staged = stageFile(directory, "fresh");
        try {
          staged.handle.append(bytesOf("new"));
        } catch (error) {
          staged.discard();
          throw error;
        }
        await publish(staged, { rung: "data", exclusive: true });
      },
      ({ root, error, failedCall }) => {
        const visible = error === undefined || error.visible === true;
        expect(existsSync(`${root}/fresh`), failedCall).toBe(visible);
        if (visible) expect(readFileSync(`${root}/fresh`, "latin1")).toBe("new");
        expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
        new Directory(new RealFs({ root })).sweepTemps();
        expect(readdirSync(root).length).toBe(visible ? 2 : 1);
      },
    );
  });
});

test("discard removes the file, more than once does nothing, and dispose is discard", () => {
  const { root, directory } = scene();
  const before = descriptorCount();
  const staged = stageFile(directory, "file");
  expect(readdirSync(root)).toHaveLength(2);
  staged.discard();
  staged.discard();
  expect(readdirSync(root)).toEqual(["file"]);
  stageFile(directory, "file")[Symbol.dispose]();
  expect(readdirSync(root)).toEqual(["file"]);
  expect(descriptorCount()).toBe(before);
});

test("discard while publish is under way leaves the file to publish", async () => {
  const { root, directory } = scene();
  const staged = stageFile(directory, "file");
  staged.handle.append(bytesOf("new"));
  const published = staged.publish({ rung: "data" });
  staged.discard();
  await published;
  expect(readFileSync(`${root}/file`, "latin1")).toBe("new");
});

test("staging fails where publishing could not succeed", () => {
  const { root, directory } = scene();
  directory.makeDirectory("sub");
  expect(failureOf(() => stageFile(directory, "sub")).code).toBe("FS_IS_A_DIRECTORY");
  expect(failureOf(() => stageFile(directory, "none/file")).code).toBe("FS_NOT_FOUND");
  expect(failureOf(() => stageFile(directory, "a/../file")).code).toBe("FS_INVALID_PATH");
  expect(readdirSync(root).toSorted()).toEqual(["file", "sub"]);
});

test("a handle closed by the caller cannot be published, and is tidied up", async () => {
  const { root, directory } = scene();
  const staged = stageFile(directory, "file");
  staged.handle.close();
  expect((await rejectionOf(staged.publish({ rung: "data" }))).code).toBe("FS_CLOSED");
  expect(readdirSync(root)).toEqual(["file"]);
});
