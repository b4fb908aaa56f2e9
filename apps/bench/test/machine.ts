import type { MachineProfile } from "../src/machine-profile.js";

/** A machine that is none, for tests of what is said of one. */
export const machine: MachineProfile = {
  cpu: "CPU",
  cores: 2,
  memoryGiB: 8,
  node: "v20.19.0",
  v8: "11.3",
  kernel: "Linux 6.1 x64",
  temporaryFiles: "ext4",
  loadAtStart: 0.5,
};
