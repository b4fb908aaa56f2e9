import type { SimPick } from "../../src/sim-pick.js";

/** Always takes the first candidate. */
export const first: SimPick = () => 0;
/** Always takes the last candidate. */
export const last: SimPick = (candidates) => candidates.length - 1;
