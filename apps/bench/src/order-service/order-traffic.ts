import { Prng, streamSeed } from "@holdfast/fs-seam/sim";
import type { OrderCommand } from "./order.js";
import type { OrderLine } from "./order-events.js";

/** What customers do: orders that live side by side, most of them paid and shipped. The same for the same seed, on every machine. */

export interface TrafficOptions {
  readonly orders: number;
  readonly seed: number;
}

/** Orders that are under way at the same time. */
const SIDE_BY_SIDE = 50;
/** Orders of one customer, on average. */
const PER_CUSTOMER = 10;
/** One command in so many is sent twice, as by a client that has not heard the answer. */
const SENT_TWICE_ONE_IN = 50;

const products = ["tea", "cup", "pot", "filter", "kettle", "spoon"] as const;
const methods = ["card", "transfer", "invoice"] as const;
const carriers = ["bike", "van", "post"] as const;

/** All commands of so many orders: between five and six for each. */
export function* orderTraffic({ orders, seed }: TrafficOptions): Generator<OrderCommand, void, undefined> {
  const random = new Prng(streamSeed(seed, "traffic"));
  const customers = Math.max(1, Math.round(orders / PER_CUSTOMER));
  const underWay: OrderCommand[][] = [];
  for (let begun = 0; begun < orders || underWay.length > 0;) {
    while (begun < orders && underWay.length < SIDE_BY_SIDE) {
      begun += 1;
      underWay.push(lifeOf(`o${begun}`, `c${random.below(customers) + 1}`, random));
    }
    const at = random.below(underWay.length);
    const life = underWay[at] as OrderCommand[]; // below the length
    const next = life.shift() as OrderCommand; // a life that is over is taken out
    if (life.length === 0) underWay.splice(at, 1);
    yield next;
    if (random.below(SENT_TWICE_ONE_IN) === 0) yield next;
  }
}

/** What happens to one order, one command after the other. */
function lifeOf(order: string, customer: string, random: Prng): OrderCommand[] {
  const commands: OrderCommand[] = [];
  const id = (): string => `${order}-${commands.length + 1}`;
  const lines = Array.from({ length: 1 + random.below(3) }, () => lineOf(random));
  commands.push({ kind: "place", id: id(), order, customer, lines });
  for (let more = random.below(4); more > 0; more -= 1) {
    commands.push({ kind: "addLine", id: id(), order, line: lineOf(random) });
  }
  const isCancelled = random.below(10) === 0;
  const isPaid = !isCancelled || random.below(2) === 0;
  if (isPaid) commands.push({ kind: "pay", id: id(), order, method: oneOf(methods, random) });
  if (isCancelled) commands.push({ kind: "cancel", id: id(), order, reason: "changed my mind" });
  // Somebody ships what may be cancelled: the rules say no.
  commands.push({ kind: "ship", id: id(), order, carrier: oneOf(carriers, random) });
  return commands;
}

function lineOf(random: Prng): OrderLine {
  return {
    product: oneOf(products, random),
    quantity: 1 + random.below(5),
    unitCents: 100 * (1 + random.below(50)) - 1,
  };
}

function oneOf<T>(values: readonly T[], random: Prng): T {
  return values[random.below(values.length)] as T; // below the length
}
