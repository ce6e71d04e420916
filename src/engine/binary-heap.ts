/**
 * A priority queue: push and pop in O(log n). What leaves early is marked by its owner and passed
 * over when it comes up; `compact` drops such items when they are many.
 */
export class BinaryHeap<Item> {
  #items: Item[] = [];
  readonly #isBefore: (a: Item, b: Item) => boolean;

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  /** In no particular order. */
  items(): readonly Item[] {
    return this.#items;
  }

  push(item: Item): void {
    const items = this.#items;
    let index = items.length;
    items.push(item);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex] as Item;
      if (!this.#isBefore(item, parent)) break;
      items[index] = parent;
      index = parentIndex;
    }
    items[index] = item;
  }

  pop(): Item | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) this.#sink(0, last);
    return first;
  }

  /** Another heap with the same items; O(n). */
  copy(): BinaryHeap<Item> {
    const copy = new BinaryHeap(this.#isBefore);
    copy.#items = [...this.#items];
    return copy;
  }

  /** Keeps what `isKept` accepts; O(n). */
  compact(isKept: (item: Item) => boolean): void {
    this.#items = this.#items.filter(isKept);
    for (let index = (this.#items.length >> 1) - 1; index >= 0; index--)
      this.#sink(index, this.#items[index] as Item);
  }

  /** Puts `item` where it belongs at or below `start`, whose place is free. */
  #sink(start: number, item: Item): void {
    const items = this.#items;
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      const right = child + 1;
      if (right < items.length && this.#isBefore(items[right] as Item, items[child] as Item))
        child = right;
      if (!this.#isBefore(items[child] as Item, item)) break;
      items[index] = items[child] as Item;
      index = child;
    }
    items[index] = item;
  }
}
