import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ClassicLevel } from "classic-level";

/** What many would pick for durable records today. */
export type PeerLog = ClassicLevel<Uint8Array, Uint8Array>;

export interface OpenedPeer {
  readonly peer: PeerLog;
  readonly dispose: () => Promise<void>;
}

/** Undefined, said on stderr, where classic-level does not load: its binary is not there for every platform. */
export async function loadPeer(): Promise<((path: string) => Promise<OpenedPeer>) | undefined> {
  try {
    const { ClassicLevel: Peer } = await import("classic-level");
    return async (path) => {
      const own = mkdtempSync(join(path, "peer-"));
      const peer: PeerLog = new Peer(own, { keyEncoding: "view", valueEncoding: "view" });
      await peer.open();
      return {
        peer,
        async dispose() {
          await peer.close();
          rmSync(own, { recursive: true });
        },
      };
    };
  } catch (error) {
    process.stderr.write(`bench: without classic-level, which does not load: ${(error as Error).message}\n`);
    return undefined;
  }
}

/** Keys in the order of their numbers. */
export function peerKey(number: number): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, BigInt(number));
  return key;
}
