import type { StreamAddress } from "./append-outcome.js";
import type { Projection } from "./projection-definition.js";
import { need } from "./option-checks.js";
import { region, type Region } from "./region.js";
import { StoreError } from "./store-error.js";

/** What is folded: the events of a stream, or those of a region in the order of the store. */
export type ProjectionTarget = StreamAddress | Region;

/** A target as the region that is read, and as the text that a row of a cache is bound to. */
export interface ResolvedTarget {
  readonly region: Region;
  readonly isStream: boolean;
  /** One text for one projection, of one version, of one target. */
  readonly identity: string;
}

/** @throws {@link StoreError} `STORE_INVALID_NAME`; `STORE_INVALID_OPTION` for what is no projection, or neither a stream nor a region. */
export function resolveTarget(
  projection: Pick<Projection<unknown>, "name" | "version"> & { readonly fold: unknown },
  target: ProjectionTarget,
): ResolvedTarget {
  need(typeof projection?.fold === "function", "projection", "must be one that defineProjection() has made");
  const { name, version } = projection;
  if (isRegion(target)) {
    const identity = JSON.stringify([FORMAT, name, version, "region", target.identity]);
    return { region: target, isStream: false, identity };
  }
  const { entity, lane } = addressOf(target);
  const identity = JSON.stringify([FORMAT, name, version, "stream", entity, lane]);
  return { region: region({ entity, lane }), isStream: true, identity };
}

const FORMAT = "holdfast.projection/1";

function isRegion(target: ProjectionTarget): target is Region {
  return typeof target === "object" && target !== null && "identity" in target && "filter" in target;
}

function addressOf(at: StreamAddress): { readonly entity: string; readonly lane: number } {
  if (typeof at === "string") return { entity: at, lane: 0 };
  if (typeof at !== "object" || at === null) {
    throw new StoreError("STORE_INVALID_OPTION", "a projection is of a stream or of a region", { field: "target" });
  }
  const unknown = Object.keys(at).find((key) => !["entity", "scope", "lane"].includes(key));
  if (unknown !== undefined) {
    throw new StoreError("STORE_INVALID_OPTION", `option ${unknown} is no option of a stream`, { field: unknown });
  }
  const { entity, lane = 0 } = at;
  return { entity, lane };
}
