import { statfsSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem, type } from "node:os";

/** Where a run was made: enough to judge the figures, nothing that tells whose machine it was. */
export interface MachineProfile {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly v8: string;
  readonly kernel: string;
  /** File system of the directory for temporary files, where the real-disk rows run. */
  readonly temporaryFiles: string;
  /** One-minute load when the run began: above the number of cores, somebody else was working. */
  readonly loadAtStart: number;
}

export function machineProfile(): MachineProfile {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    v8: process.versions.v8,
    kernel: `${type()} ${release()} ${process.arch}`,
    temporaryFiles: fileSystemName(tmpdir()),
    loadAtStart: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Numbers that Linux's statfs answers with, from linux/magic.h. Ext2 and ext3 share ext4's. */
const linuxFileSystems: Readonly<Record<number, string>> = {
  0xef53: "ext4",
  0x01021994: "tmpfs",
  0x9123683e: "btrfs",
  0x58465342: "xfs",
  0x794c7630: "overlayfs",
  0x2fc12fc1: "zfs",
  0xf2f52010: "f2fs",
  0x6969: "nfs",
};

/** Name of the file system that holds `path`, or its number where we know no name. */
function fileSystemName(path: string): string {
  const { type: magic } = statfsSync(path);
  const known = process.platform === "linux" ? linuxFileSystems[magic >>> 0] : undefined;
  return known ?? `type 0x${(magic >>> 0).toString(16)}`;
}

/** The profile as one line. */
export function profileLine(profile: MachineProfile): string {
  const { cpu, cores, memoryGiB, node, v8, kernel, temporaryFiles, loadAtStart } = profile;
  const software = `Node ${node.replace(/^v/, "")} (V8 ${v8}), ${kernel}`;
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB; ${software}; temporary files on ${temporaryFiles}; load ${loadAtStart}`;
}
