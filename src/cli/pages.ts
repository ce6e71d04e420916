/** Lists that are longer than what one question may ask for, put together page by page. */

/** What one question may ask for. */
const PAGE_MAX = 1_000;
/** The most that a command prints: a table of so many rows takes seconds to lay out. */
export const LIST_MAX = 100_000;

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins; null: there are no more. */
  readonly cursor: string | null;
}

/** The first `limit` items; the cursor says whether there are more. */
export async function upTo<Item>(
  limit: number,
  read: (limit: number, cursor: string | undefined) => Promise<Page<Item>>,
): Promise<Page<Item>> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const page = await read(Math.min(limit - items.length, PAGE_MAX), cursor ?? undefined);
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== null && items.length < limit);
  return { items, cursor };
}

/** What a list says under itself where it is not all. */
export function moreText(limit: number): string {
  return limit < LIST_MAX
    ? "There are more: raise --limit."
    : `There are more than the ${LIST_MAX} that one command shows: narrow the list.`;
}
