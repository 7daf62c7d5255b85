// Any bytes: the fields as a tree, beside the bytes that they are.
import type { Field } from "mimi-wasm";
import { call } from "../client.js";
import type { Taken } from "../calls.js";
import { announce, counted, freshId, h, labelled, replace, shown } from "../dom.js";
import { source } from "../input.js";
import { refusalBox, showError } from "../refusal.js";
import { virtualList } from "../virtual.js";
import { messagePanel } from "./message.js";

const ROW = 24;
const WIDTH = 16;
const NONE = 0xffff_ffff;
/** Fields that are asked for at a time. */
const PAGE = 256;

/** The place of the last of the sorted `starts` that is not behind `offset`. */
function lastAtOrBefore(starts: Uint32Array, offset: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function explorer(bytes: Uint8Array, taken: Taken) {
  const { fields, runs, summary, inspection } = taken;
  const count = summary.fields;
  const idPrefix = freshId("field");
  const bytePrefix = freshId("byte");
  /** The fields in sight: the closed ones hide what lies in them. */
  let visible = Uint32Array.from({ length: count }, (_, at) => at);
  const closed = new Set<number>();
  let selected = 0;
  let cursor = -1;
  let hovered = NONE;
  const pages = new Map<number, Field[]>();
  const asked = new Set<number>();

  const field = (at: number): Field | undefined => {
    const page = Math.floor(at / PAGE);
    const there = pages.get(page);
    if (there) return there[at % PAGE];
    if (!asked.has(page)) {
      asked.add(page);
      void call("fields", inspection, page * PAGE, (page + 1) * PAGE).then((found) => {
        if (pages.size > 64) {
          pages.clear();
          asked.clear();
        }
        pages.set(page, found);
        tree.refresh();
        status();
      });
    }
    return undefined;
  };
  const start = (at: number) => fields.starts[at] ?? 0;
  const end = (at: number) => fields.ends[at] ?? 0;
  const depth = (at: number) => fields.depths[at] ?? 0;
  const hasParts = (at: number) => at + 1 < count && depth(at + 1) > depth(at);
  const fieldOfByte = (offset: number) => runs.fields[lastAtOrBefore(runs.starts, offset)] ?? NONE;
  const rowOf = (at: number) => lastAtOrBefore(visible, at);

  const treeRow = (row: number): HTMLElement => {
    const at = visible[row] ?? 0;
    const known = field(at);
    const parts = hasParts(at);
    return h(
      "div",
      {
        class: `field${at === selected ? " selected" : ""}${at === hovered ? " hovered" : ""}`,
        role: "treeitem",
        id: `${idPrefix}-${at}`,
        "aria-level": depth(at) + 1,
        "aria-selected": at === selected ? "true" : "false",
        "aria-expanded": parts ? (closed.has(at) ? "false" : "true") : null,
        style: null,
        "data-at": at,
      },
      h("span", { class: "indent", "data-depth": Math.min(depth(at), 24) }),
      h("span", { class: "twisty", "aria-hidden": "true" }, parts ? (closed.has(at) ? "▸" : "▾") : ""),
      h("span", { class: "name" }, known ? shown(known.name) : "…"),
      known?.value != null && h("span", { class: "value" }, " ", shown(known.value.length > 200 ? `${known.value.slice(0, 200)}…` : known.value)),
      h("span", { class: "size" }, `${end(at) - start(at)} B`),
    );
  };

  const byteRow = (row: number): HTMLElement => {
    const from = row * WIDTH;
    const to = Math.min(bytes.length, from + WIDTH);
    const line = h("div", { class: "bytes-row", role: "row" });
    line.append(h("span", { class: "offset", role: "rowheader" }, from.toString(16).padStart(6, "0")));
    let text = "";
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at] ?? 0;
      const run = lastAtOrBefore(runs.starts, at);
      const role = runs.roles[run] ?? 0;
      const inside = (place: number) => place !== NONE && count > 0 && at >= start(place) && at < end(place);
      let style = `byte ${role === 2 ? "unread" : role === 1 ? "framing" : `shade-${(runs.fields[run] ?? 0) % 4}`}`;
      if (inside(selected)) style += " selected";
      if (inside(hovered)) style += " hovered";
      if (at === cursor) style += " cursor";
      line.append(h("span", { class: style, role: "gridcell", id: `${bytePrefix}-${at}`, "data-at": at }, byte.toString(16).padStart(2, "0")));
      text += byte > 32 && byte < 127 ? String.fromCharCode(byte) : "·";
    }
    for (let at = to; at < from + WIDTH; at += 1) line.append(h("span", { class: "byte blank", "aria-hidden": "true" }, "  "));
    line.append(h("span", { class: "text", "aria-hidden": "true" }, text));
    return line;
  };

  const tree = virtualList({ role: "tree", tabindex: 0, "aria-label": "Fields", class: "virtual tree" }, ROW, treeRow);
  const grid = virtualList({ role: "grid", tabindex: 0, "aria-label": "Bytes", "aria-readonly": "true", class: "virtual bytes" }, ROW, byteRow);
  const line = h("p", { class: "status" });

  function status(): void {
    const at = hovered !== NONE ? hovered : selected;
    const known = field(at);
    if (!known) return;
    const what = `bytes ${known.start} to ${known.end - 1}`;
    replace(line, shown(known.path), known.value === null ? "" : " = ", known.value === null ? null : shown(known.value.slice(0, 400)), ` · ${known.end > known.start ? what : "no bytes"}`);
  }
  function redraw(): void {
    tree.refresh();
    grid.refresh();
    status();
  }
  function open(): void {
    const kept: number[] = [];
    let hiddenBelow = Infinity;
    for (let at = 0; at < count; at += 1) {
      if (depth(at) > hiddenBelow) continue;
      hiddenBelow = closed.has(at) ? depth(at) : Infinity;
      kept.push(at);
    }
    visible = Uint32Array.from(kept);
    tree.setCount(visible.length);
  }
  function select(at: number, from: "tree" | "bytes" | "other"): void {
    if (at === NONE || at < 0 || at >= count) return;
    selected = at;
    if (from !== "tree") {
      // What is selected is not hidden.
      let around = fields.parents[at] ?? NONE;
      let opened = false;
      while (around !== NONE) {
        opened = closed.delete(around) || opened;
        around = fields.parents[around] ?? NONE;
      }
      if (opened) open();
      tree.scrollTo(rowOf(at));
    }
    if (from !== "bytes") grid.scrollTo(Math.floor(start(at) / WIDTH));
    tree.element.setAttribute("aria-activedescendant", `${idPrefix}-${at}`);
    redraw();
  }
  function showByte(offset: number): void {
    cursor = Math.max(0, Math.min(bytes.length - 1, offset));
    grid.scrollTo(Math.floor(cursor / WIDTH));
    grid.element.setAttribute("aria-activedescendant", `${bytePrefix}-${cursor}`);
    const at = fieldOfByte(cursor);
    if (at === NONE) redraw();
    else select(at, "bytes");
    const known = field(at);
    announce(`byte ${cursor}: ${known ? known.path : at === NONE ? "not read" : ""}`);
  }
  const place = (event: Event, name: string): number => {
    const found = (event.target as Element).closest<HTMLElement>(`.${name}[data-at]`)?.dataset.at;
    return found === undefined ? NONE : Number(found);
  };
  const hover = (at: number) => {
    if (at === hovered) return;
    hovered = at;
    redraw();
  };
  tree.element.addEventListener("pointerover", (event) => {
    const at = place(event, "field");
    hover(at);
    if (at !== NONE) grid.scrollTo(Math.floor(start(at) / WIDTH));
  });
  tree.element.addEventListener("pointerleave", () => hover(NONE));
  grid.element.addEventListener("pointerover", (event) => {
    const offset = place(event, "byte");
    const at = offset === NONE ? NONE : fieldOfByte(offset);
    hover(at);
    if (at !== NONE) tree.scrollTo(rowOf(at));
  });
  grid.element.addEventListener("pointerleave", () => hover(NONE));
  tree.element.addEventListener("click", (event) => {
    const at = place(event, "field");
    if (at === NONE) return;
    if ((event.target as Element).closest(".twisty") && hasParts(at)) toggle(at);
    select(at, "tree");
  });
  grid.element.addEventListener("click", (event) => {
    const offset = place(event, "byte");
    if (offset !== NONE) showByte(offset);
  });
  function toggle(at: number): void {
    if (!closed.delete(at)) closed.add(at);
    open();
  }
  tree.element.addEventListener("keydown", (event) => {
    const row = rowOf(selected);
    const go = (next: number) => {
      const to = visible[Math.max(0, Math.min(visible.length - 1, next))] ?? 0;
      tree.scrollTo(rowOf(to));
      select(to, "tree");
    };
    const [from, to] = tree.range();
    const steps: Record<string, () => void> = {
      ArrowDown: () => go(row + 1),
      ArrowUp: () => go(row - 1),
      PageDown: () => go(row + (to - from) - 2),
      PageUp: () => go(row - (to - from) + 2),
      Home: () => go(0),
      End: () => go(visible.length - 1),
      ArrowRight: () => {
        if (closed.has(selected)) toggle(selected);
        else if (hasParts(selected)) go(row + 1);
      },
      ArrowLeft: () => {
        if (hasParts(selected) && !closed.has(selected)) toggle(selected);
        else {
          const around = fields.parents[selected] ?? NONE;
          if (around !== NONE) go(rowOf(around));
        }
      },
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
    redraw();
  });
  grid.element.addEventListener("keydown", (event) => {
    const at = Math.max(0, cursor);
    const steps: Record<string, number> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + WIDTH,
      ArrowUp: at - WIDTH,
      Home: 0,
      End: bytes.length - 1,
    };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    showByte(next);
  });

  tree.setCount(visible.length);
  grid.setCount(Math.ceil(bytes.length / WIDTH));
  const element = h(
    "div",
    {},
    line,
    h("div", { class: "beside" }, h("section", {}, h("h3", {}, "Fields"), tree.element), h("section", {}, h("h3", {}, "Bytes"), grid.element)),
  );
  if (count > 0) select(0, "other");
  return { element, showByte };
}

export function bytesView(): { element: HTMLElement; load(text: string): void } {
  const results = h("div", { class: "results" });
  const types = h("datalist", { id: freshId("types") });
  const typeField = h("input", { list: types.id, placeholder: "guessed", spellcheck: "false", autocomplete: "off" });
  const guesses = h("div", { class: "guesses" });
  let turn = 0;
  let held: number | null = null;
  void call("types").then((known) => {
    types.append(...known.map((each) => h("option", { value: each.name }, each.section)));
  }, () => undefined);

  const show = async () => {
    turn += 1;
    const now = turn;
    try {
      if (input.isEmpty()) {
        replace(results);
        replace(guesses);
        return;
      }
      results.setAttribute("aria-busy", "true");
      const bytes = await input.bytes();
      const chosen = typeField.value.trim();
      const taken = await call("take", bytes, chosen === "" ? null : chosen);
      if (now !== turn) {
        void call("drop", taken.inspection);
        return;
      }
      if (held !== null) void call("drop", held);
      held = taken.inspection;
      draw(bytes, taken);
    } catch (error) {
      if (now === turn) showError(results, error);
    } finally {
      if (now === turn) results.removeAttribute("aria-busy");
    }
  };

  const draw = (bytes: Uint8Array, taken: Taken) => {
    const { summary } = taken;
    const parts = explorer(bytes, taken);
    const others = taken.guesses.filter((guess) => guess.accepted && guess.type_name !== summary.type_name).slice(0, 8);
    replace(
      guesses,
      others.length > 0 && [
        "Also accepted as: ",
        others.map((guess) =>
          h("button", { type: "button", class: "quiet", title: guess.section, onclick: () => choose(guess.type_name) }, guess.type_name),
        ),
      ],
    );
    const isMessage = summary.type_name === "MimiContent";
    replace(
      results,
      h(
        "p",
        { class: "verdict" },
        h("span", { class: `mark ${summary.refused ? "error" : "good"}` }, summary.refused ? "refused" : "accepted"),
        " as ",
        h("strong", { class: "type-name" }, summary.type_name),
        ` (${summary.section}), ${counted(summary.length, "byte")}, ${counted(summary.fields, "field")}`,
      ),
      summary.refused && refusalBox(summary.refused, parts.showByte),
      parts.element,
      isMessage && messagePanel(bytes, parts.showByte),
    );
    announce(`${summary.refused ? "refused" : "accepted"} as ${summary.type_name}`);
  };
  const choose = (name: string) => {
    typeField.value = name;
    void show();
  };
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void show(), 150);
  };
  const input = source("Bytes", "or drop one here. Hex, base64 or CBOR diagnostic notation; a file of any bytes.", "bytes", soon);
  typeField.addEventListener("change", () => void show());
  return {
    element: h("div", {}, input.element, h("div", { class: "row" }, labelled("Type", typeField), types, guesses), results),
    load: (text) => input.setText(text),
  };
}
