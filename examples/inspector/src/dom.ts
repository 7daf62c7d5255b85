// All that the page shows is made here, of elements and text nodes: no markup is ever parsed.

type Child = Node | string | number | null | undefined | false | Child[];
type Listener = (event: Event) => void;
type Properties = Record<string, string | number | boolean | null | undefined | Listener>;

const SVG = "http://www.w3.org/2000/svg";

function fill(element: Element, properties: Properties, children: Child[]): void {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
}

function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(typeof child === "number" ? String(child) : child);
  }
}

export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  fill(element, properties, children);
  return element;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  properties: Properties = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, name);
  fill(element, properties, children);
  return element;
}

// Controls but line break and tab, what orders text from right to left, and what has no width.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

/** Text that others wrote: on its own for the order of characters, and the invisible ones visible. */
export function shown(text: string): HTMLElement {
  const element = h("bdi", { class: "shown" });
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    element.append(text.slice(from, match.index));
    const code = match[0].codePointAt(0) ?? 0;
    element.append(h("span", { class: "hidden-character" }, `U+${code.toString(16).toUpperCase().padStart(4, "0")}`));
    from = match.index + match[0].length;
  }
  element.append(text.slice(from));
  return element;
}

export function replace(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

export function button(label: string, action: () => void, properties: Properties = {}): HTMLButtonElement {
  return h("button", { type: "button", ...properties, onclick: action }, label);
}

let numbered = 0;

/** An ID that nothing else on the page has. */
export function freshId(prefix: string): string {
  numbered += 1;
  return `${prefix}-${numbered}`;
}

/** A control below its label. */
export function labelled(label: string, control: HTMLElement): HTMLElement {
  const id = freshId("control");
  control.id = id;
  return h("div", { class: "labelled" }, h("label", { for: id }, label), control);
}

/** Tells screen readers what happened. */
export function announce(text: string): void {
  const region = document.getElementById("announcements");
  if (region) region.textContent = text;
}

export function severityMark(severity: string): HTMLElement {
  return h("span", { class: `mark ${severity}` }, severity);
}

/** `1 field`, `2 fields`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
