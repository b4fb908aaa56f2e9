// The file is synced and its directory is not.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

export function save(path, bytes) {
  const fd = openSync(`${path}.tmp`, "w");
  writeSync(fd, bytes);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(`${path}.tmp`, path);
}

export function load(path) {
  return readFileSync(path);
}
