import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ClassicLevel } from "classic-level";
import { boundPeer, PeerUnavailable } from "../peer-install.js";

/** What many would pick for durable records today. */
export type PeerLog = ClassicLevel<Uint8Array, Uint8Array>;

export interface OpenedPeer {
  readonly peer: PeerLog;
  readonly dispose: () => Promise<void>;
}

/** Undefined where classic-level does not load: its binary is not there for every platform. */
export async function loadPeer(): Promise<((path: string) => Promise<OpenedPeer>) | undefined> {
  const loaded = await boundPeer("classic-level", () => import("classic-level")).catch(ifUnavailable);
  if (loaded === undefined) return undefined;
  return async (path) => {
    const own = mkdtempSync(join(path, "peer-"));
    const peer: PeerLog = new loaded.ClassicLevel(own, { keyEncoding: "view", valueEncoding: "view" });
    await peer.open();
    return {
      peer,
      async dispose() {
        await peer.close();
        rmSync(own, { recursive: true });
      },
    };
  };
}

function ifUnavailable(error: unknown): undefined {
  if (!(error instanceof PeerUnavailable)) throw error;
}

/** Keys in the order of their numbers. */
export function peerKey(number: number): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, BigInt(number));
  return key;
}
