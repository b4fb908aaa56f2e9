import { makeDirectoriesDurably, type Directory } from "@holdfast/fs-seam";
import { LevelError, type EngineComponents, type EngineSettings } from "@holdfast/lsm-tree";
import { StoreError, type Store } from "@holdfast/store";
import { allOrders, type OrderDefinition } from "./order-events.js";
import { VIEW_VERSION, type OrderView } from "./order-view.js";
import { VIEWS, VIEWS_ASIDE } from "./service-directory.js";

/**
 * Opening a read model beside its store. It is derived, so that it never stands in the way of opening: what does not fit is made again.
 *
 * Crash windows of putting a damaged one aside: the names are one rename, so that a crash leaves the damaged one, which the next open finds
 * damaged again, or none, which it makes anew; what was put aside is removed by any later open.
 */

/** What was found. Behind a crash it is `created` or `resumed`; anything else has another cause. */
export type ViewOpening =
  /** There was none, or one that has seen nothing. */
  | { readonly kind: "created" }
  /** It goes on behind this event. */
  | { readonly kind: "resumed"; readonly sequence: number }
  /**
   * It is made again from all events. `history`: it is of another store or of events that this one does not have, as behind a restored
   * backup; `version`: rows are something else by now; `damage`: its files are damaged.
   */
  | { readonly kind: "rebuilt"; readonly why: "history" | "version" | "damage" };

export interface ViewPlace {
  readonly parent: Directory;
  readonly settings: EngineSettings;
  readonly components: Omit<EngineComponents, "directory">;
}

export async function openView(
  store: Store<OrderDefinition>,
  views: Pick<typeof OrderView, "open">,
  place: ViewPlace,
): Promise<{ readonly view: OrderView; readonly opening: ViewOpening }> {
  const { parent } = place;
  if (parent.exists(VIEWS_ASIDE)) parent.removeTree(VIEWS_ASIDE);
  try {
    const view = await openIn(views, place);
    try {
      const opening = openingOf(store, view);
      if (opening.kind === "rebuilt") await view.clear();
      return { view, opening };
    } catch (error) {
      await view.close();
      throw error;
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    parent.rename(VIEWS, VIEWS_ASIDE);
    await parent.syncNames();
    const view = await openIn(views, place);
    parent.removeTree(VIEWS_ASIDE);
    return { view, opening: { kind: "rebuilt", why: "damage" } };
  }
}

async function openIn(
  views: Pick<typeof OrderView, "open">,
  { parent, settings, components }: ViewPlace,
): Promise<OrderView> {
  await makeDirectoriesDurably(parent, VIEWS);
  return views.open({ directory: parent.directory(VIEWS), settings, components });
}

function openingOf(store: Store<OrderDefinition>, { position }: OrderView): ViewOpening {
  if (position === undefined) return { kind: "created" };
  if (position.version !== VIEW_VERSION) return { kind: "rebuilt", why: "version" };
  try {
    // The token names store, sequence and hash: the store refuses one of events that it does not have.
    store.page(allOrders, { after: position.token, limit: 1 });
  } catch (error) {
    if (error instanceof StoreError && error.code === "STORE_INVALID_TOKEN") return { kind: "rebuilt", why: "history" };
    throw error;
  }
  return { kind: "resumed", sequence: position.sequence };
}

/** The base class of the database says that it did not open, and below that why. */
function isDamage(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return [error, cause].some((each) => each instanceof LevelError && each.code === "LEVEL_CORRUPTION");
}
