// A message's text as elements. Links say where they lead, and lead nowhere.
import type { RenderEvent } from "mimi-wasm";
import type { Shown } from "./calls.js";
import { h, shown } from "./dom.js";

const TAGS = {
  paragraph: "p",
  quote: "blockquote",
  item: "li",
  table: "table",
  table_head: "thead",
  table_row: "tr",
  table_cell: "td",
  emphasis: "em",
  strong: "strong",
  strikethrough: "s",
} as const;

function element(event: RenderEvent & { event: "start" }): HTMLElement {
  const { element: name, attributes } = event;
  switch (name) {
    case "heading":
      // The page has headings of its own.
      return h("p", { class: "heading", role: "heading", "aria-level": Math.min(9, (attributes.level ?? 1) + 3) });
    case "list":
      return attributes.first == null ? h("ul") : h("ol", { start: String(attributes.first) });
    case "code_block":
      return h("pre");
    case "link":
    case "mention":
      return h("span", { class: attributes.warning ? "link warned" : "link" });
    case "part_link":
    case "image":
      return h("span", { class: "part-link" }, name === "image" ? `[picture, part ${attributes.part}] ` : `[part ${attributes.part}] `);
    default:
      return h(TAGS[name as keyof typeof TAGS] ?? "span");
  }
}

/** What the events of Markdown show. */
export function ofEvents(events: RenderEvent[]): HTMLElement {
  const root = h("div", { class: "markdown" });
  const open: { element: HTMLElement; after: HTMLElement | null }[] = [{ element: root, after: null }];
  const here = () => open.at(-1)?.element ?? root;
  for (const event of events) {
    switch (event.event) {
      case "start": {
        const made = element(event);
        here().append(made);
        const { target, warning } = event.attributes;
        const after = target == null ? null : h("span", { class: "target" }, " → ", shown(target), warning ? ` (warning: ${warning.replaceAll("_", " ")})` : "");
        open.push({ element: made, after });
        break;
      }
      case "end": {
        const closed = open.length > 1 ? open.pop() : undefined;
        if (closed?.after) closed.element.append(closed.after);
        break;
      }
      case "text":
        here().append(shown(event.text));
        break;
      case "code":
        here().append(h("code", {}, shown(event.text)));
        break;
      case "soft_break":
        here().append(" ");
        break;
      case "hard_break":
        here().append(h("br"));
        break;
      case "rule":
        here().append(h("hr"));
        break;
      case "checkbox":
        here().append(event.checked ? "☑ " : "☐ ");
        break;
    }
  }
  return root;
}

/** A part as a user sees it. */
export function ofShown(part: Shown | undefined): HTMLElement {
  if (!part) return h("p", { class: "hint" }, "no content");
  if (part.events) return ofEvents(part.events);
  if (part.text !== null) return h("p", { class: "plain" }, shown(part.text));
  return h("p", { class: "hint" }, part.content_type === "" ? "no content" : ["no text: ", shown(part.content_type)]);
}
