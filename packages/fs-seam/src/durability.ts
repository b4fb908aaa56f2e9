/**
 * The rungs of durability: what a byte survives once an operation has returned.
 *
 * | rung     | reached by                                        | survives                                      |
 * | -------- | ------------------------------------------------- | --------------------------------------------- |
 * | `memory` | a buffer of this process                          | nothing                                       |
 * | `os`     | a write that returned                             | `kill -9` of the process, not a power loss    |
 * | `data`   | `sync("data")` (fdatasync) that returned          | power loss: bytes and length, if the name is  |
 * | `full`   | `sync("full")` (fsync), and `syncNames` of parents | power loss: bytes, metadata and name         |
 *
 * A file barrier says nothing about the name of the file: only a names barrier of the directory does.
 */
export const durabilityRungs = ["memory", "os", "data", "full"] as const;

/** What has happened to a byte: one of {@link durabilityRungs}, from weakest to strongest. */
export type DurabilityRung = (typeof durabilityRungs)[number];

/** The rungs that a file barrier can be asked for. */
export type SyncRung = "data" | "full";

/** The rungs that a composed operation (replace, publish, remove) can be asked for. */
export type PublishRung = "os" | "data" | "full";
