// A shopping cart that is what happened to it: events with a schema, commands that may be sent twice, two windows that do
// not overwrite each other, the cart as it was, and a history that verifies.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { defineEvent, openStore } from "@holdfast/store";
import { defineProjection, Projector } from "@holdfast/store/projections";
import * as v from "valibot";

const Added = defineEvent({
  name: "cart.added",
  kind: 0x1001,
  schema: v.object({ sku: v.string(), quantity: v.pipe(v.number(), v.integer(), v.minValue(1)), cents: v.number() }),
});
const Removed = defineEvent({ name: "cart.removed", kind: 0x1002, schema: v.object({ sku: v.string() }) });
const CheckedOut = defineEvent({ name: "cart.checked-out", kind: 0x1003, schema: v.object({ cents: v.number() }) });
const events = [Added, Removed, CheckedOut];

/** @typedef {{ lines: Record<string, { quantity: number, cents: number }>, closed: boolean }} Cart */

/** @type {Cart} */
const empty = { lines: {}, closed: false };

const CartView = defineProjection({
  name: "cart",
  version: 1,
  events,
  initial: () => empty,
  on: {
    "cart.added": (cart, { data: { sku, quantity, cents } }) => {
      const before = cart.lines[sku]?.quantity ?? 0;
      return { ...cart, lines: { ...cart.lines, [sku]: { quantity: before + quantity, cents } } };
    },
    "cart.removed": (cart, { data: { sku } }) => {
      const { [sku]: _gone, ...lines } = cart.lines;
      return { ...cart, lines };
    },
    "cart.checked-out": (cart) => ({ ...cart, closed: true }),
  },
});

/** @param {Cart} cart */
const total = ({ lines }) => Object.values(lines).reduce((sum, { quantity, cents }) => sum + quantity * cents, 0);

const home = mkdtempSync(join(tmpdir(), "cart-"));
const directory = openDirectory(join(home, "store"), { create: true });
const store = await openStore({ directory, events });
const carts = new Projector(store);
const cart = "cart:42";

store.append(cart, Added, { sku: "tea", quantity: 2, cents: 450 }, { key: "click 1", expectedRevision: "empty" });
store.append(cart, Added, { sku: "cup", quantity: 1, cents: 900 }, { key: "click 2" });

// The browser did not see the answer and sends the click again.
const again = store.append(cart, Added, { sku: "cup", quantity: 1, cents: 900 }, { key: "click 2" });
assert.equal(again.kind, "replayed");
assert.equal(total(carts.project(CartView, cart).state), 1800);

// What no cart can hold is refused before anything is written.
assert.throws(() => store.append(cart, Added, { sku: "tea", quantity: 0, cents: 450 }), { code: "STORE_INVALID_DATA" });

// Another window removes the tea, and this one checks out a cart that it has not seen.
const seen = carts.project(CartView, cart);
store.append(cart, Removed, { sku: "tea" });
const blind = { expectedRevision: seen.revision };
const refused = store.append(cart, CheckedOut, { cents: total(seen.state) }, blind);
assert.equal(refused.kind, "conflict");

const fresh = carts.project(CartView, cart);
const paid = store.append(cart, CheckedOut, { cents: total(fresh.state) }, { expectedRevision: fresh.revision });
assert.equal(paid.kind, "appended");
if (paid.kind === "appended") await store.durable(paid); // from here on a power loss cannot take it
await store.close();

const reopened = await openStore({ directory, events });
const history = new Projector(reopened);
assert.deepEqual(history.project(CartView, cart).state, {
  lines: { cup: { quantity: 1, cents: 900 } },
  closed: true,
});
const before = history.project(CartView, cart, { atRevision: 1 }).state;
assert.deepEqual(Object.keys(before.lines), ["tea", "cup"]);
assert.equal((await reopened.verify()).kind, "intact");
await reopened.close();
rmSync(home, { recursive: true });
console.log("the cart was paid once, as it was seen");
