// A list of any length, of which only the rows in sight are there.
import { h } from "./dom.js";

/** Browsers limit how high an element can be. Longer lists scroll faster than their rows. */
const HIGHEST = 8_000_000;

export interface VirtualList {
  element: HTMLElement;
  /** Shows a list of this many rows. */
  setCount(count: number): void;
  /** Makes the rows in sight anew. */
  refresh(): void;
  scrollTo(row: number): void;
  /** The first row in sight and the one behind the last. */
  range(): [number, number];
}

export function virtualList(
  properties: Record<string, string | number>,
  rowHeight: number,
  row: (at: number) => HTMLElement,
): VirtualList {
  const spacer = h("div", { class: "spacer", role: "presentation" });
  const rows = h("div", { class: "rows", role: "presentation" });
  const element = h("div", { class: "virtual", ...properties }, spacer, rows);
  let count = 0;
  let asked = false;

  const total = () => count * rowHeight;
  const height = () => Math.min(total(), HIGHEST);
  const inSight = () => Math.ceil(element.clientHeight / rowHeight) + 1;

  const first = () => {
    const scrollable = height() - element.clientHeight;
    if (scrollable <= 0) return 0;
    const part = Math.min(1, element.scrollTop / scrollable);
    return (part * Math.max(0, total() - element.clientHeight)) / rowHeight;
  };

  const draw = () => {
    asked = false;
    const from = first();
    const start = Math.floor(from);
    const end = Math.min(count, start + inSight());
    const made = [];
    for (let at = start; at < end; at += 1) made.push(row(at));
    rows.replaceChildren(...made);
    rows.style.transform = `translateY(${element.scrollTop - (from - start) * rowHeight}px)`;
  };
  const refresh = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(draw);
  };
  element.addEventListener("scroll", refresh, { passive: true });
  new ResizeObserver(refresh).observe(element);

  return {
    element,
    refresh,
    setCount(next) {
      count = next;
      spacer.style.height = `${height()}px`;
      refresh();
    },
    scrollTo(at) {
      const visible = element.clientHeight / rowHeight;
      const from = first();
      if (at >= from && at + 1 <= from + visible) return;
      const wanted = Math.max(0, at - visible / 3) * rowHeight;
      const scrollable = Math.max(1, total() - element.clientHeight);
      element.scrollTop = (wanted / scrollable) * (height() - element.clientHeight);
      refresh();
    },
    range() {
      const start = Math.floor(first());
      return [start, Math.min(count, start + inSight())];
    },
  };
}
