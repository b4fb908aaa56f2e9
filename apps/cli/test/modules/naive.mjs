// The save of every tutorial: temporary file, rename.
import { readFileSync, renameSync, writeFileSync } from "node:fs";

export function save(path, bytes) {
  writeFileSync(`${path}.tmp`, bytes);
  renameSync(`${path}.tmp`, path);
}

export function load(path) {
  return readFileSync(path);
}
