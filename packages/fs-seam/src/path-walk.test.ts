import { expect, test } from "vitest";
import { FsState, rootIno } from "./fs-state.js";
import { byComponents, liesAtOrBelow, pathComponents, walkPath } from "./path-walk.js";

function tree(): FsState {
  const state = new FsState();
  const directory = state.create("directory").ino;
  state.link(rootIno, "d", directory);
  state.link(directory, "a", state.create("file").ino);
  return state;
}

test("a path ends at a file, a directory, nothing, nowhere or behind a file", () => {
  const state = tree();
  expect(walkPath(state, "/d/a")).toMatchObject({ kind: "file", name: "a" });
  expect(walkPath(state, "/d")).toMatchObject({ kind: "directory" });
  expect(walkPath(state, "/")).toEqual({ kind: "directory", ino: rootIno });
  expect(walkPath(state, "/d/b")).toMatchObject({ kind: "missing", name: "b" });
  expect(walkPath(state, "/no/b")).toEqual({ kind: "lost" });
  expect(walkPath(state, "/d/a/b")).toEqual({ kind: "blocked" });
});

test("dots are followed as a file system follows them", () => {
  const state = tree();
  expect(walkPath(state, "/d/../d/./a")).toMatchObject({ kind: "file" });
  expect(walkPath(state, "/../d//a")).toMatchObject({ kind: "file" });
  expect(walkPath(state, "/d/..")).toEqual({ kind: "directory", ino: rootIno });
  expect(walkPath(state, "/no/../d/a")).toEqual({ kind: "lost" });
  expect(walkPath(state, "/d/a/../a")).toEqual({ kind: "blocked" });
});

test("paths are compared by component", () => {
  expect(pathComponents("//t/./a/")).toEqual(["t", "a"]);
  expect(["/t/a-b", "/t/a/b", "/t/a", "/t/B"].sort(byComponents)).toEqual(["/t/B", "/t/a", "/t/a/b", "/t/a-b"]);
  expect(byComponents("/t/./a", "/t/a")).toBe(0);
  expect(liesAtOrBelow("/t/d/../a", "/t/d")).toBe(true);
  expect(liesAtOrBelow("/t/d", "/t/d")).toBe(true);
  expect(liesAtOrBelow("/t/dd", "/t/d")).toBe(false);
});
