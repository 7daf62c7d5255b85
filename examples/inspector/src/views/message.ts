// What a message says, below its bytes: its ID, what breaks the rules, its parts, and what a user sees.
import { call } from "../client.js";
import type { MessageView } from "../calls.js";
import { button, counted, h, labelled, replace, shown } from "../dom.js";
import { showError } from "../refusal.js";
import { ofShown } from "../text.js";

export function messagePanel(bytes: Uint8Array, showByte: (offset: number) => void): HTMLElement {
  const panel = h("section", { class: "message" }, h("h3", {}, "Message"));
  const filled = h("div");
  panel.append(filled);
  call("message", bytes).then(
    (view) => replace(filled, diagnosis(view, showByte), view.message && known(bytes, view.message)),
    (error: unknown) => showError(filled, error),
  );
  return panel;
}

function diagnosis({ diagnosis: found }: MessageView, showByte: (offset: number) => void): HTMLElement {
  const { violations, more } = found;
  if (violations.length === 0) return h("p", {}, h("span", { class: "mark good" }, "valid"), " No rule of mimi-content-09 is broken.");
  return h(
    "div",
    {},
    h("h4", {}, `Diagnosis: ${counted(violations.length + more, "broken rule")}`),
    h(
      "ol",
      { class: "violations" },
      violations.map(({ message, field, offset, rule }) =>
        h("li", {}, shown(message), " at ", h("code", {}, shown(field)), " ", h("span", { class: "hint" }, rule), " ", button(`byte ${offset}`, () => showByte(offset), { class: "quiet" })),
      ),
    ),
    more > 0 && h("p", {}, `and ${more} more`),
  );
}

function known(bytes: Uint8Array, message: NonNullable<MessageView["message"]>): HTMLElement {
  const sender = h("input", { value: message.sender, spellcheck: "false", autocomplete: "off" });
  const room = h("input", { value: message.room, spellcheck: "false", autocomplete: "off" });
  const id = h("output", { class: "message-id" });
  const compute = () => {
    if (sender.value === "" || room.value === "") {
      replace(id, "The URIs of the sender and of the room make the ID.");
      return;
    }
    call("messageId", bytes, sender.value, room.value).then(
      (found) => replace(id, h("code", {}, found)),
      (error: unknown) => showError(id, error),
    );
  };
  sender.addEventListener("input", compute);
  room.addEventListener("input", compute);
  compute();
  const { preview, parts } = message;
  return h(
    "div",
    {},
    h("h4", {}, "Message ID"),
    h("div", { class: "row" }, labelled("Sender", sender), labelled("Room", room)),
    h("p", {}, id),
    h("h4", {}, "As a user sees it"),
    h("div", { class: "bubble" }, message.shown.length > 0 ? message.shown.map(ofShown) : h("p", { class: "hint" }, "nothing is shown")),
    h("dl", {}, h("dt", {}, "In one line"), h("dd", {}, shown(preview.line)), preview.left_out !== null && [h("dt", {}, "Not shown"), h("dd", {}, shown(preview.left_out))]),
    h("h4", {}, "Parts"),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Parts" },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ["Part", "In", "Kind", "Disposition", "Media type", "Language", "A client"].map((name) => h("th", { scope: "col" }, name)))),
        h(
          "tbody",
          {},
          parts.map((part) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, part.index),
              h("td", {}, part.parent ?? ""),
              h("td", {}, part.kind),
              h("td", {}, part.disposition_name ?? part.disposition),
              h("td", {}, shown(part.content_type)),
              h("td", {}, shown(part.language)),
              h("td", {}, part.fate.replaceAll("_", " "), part.fate_part === null ? "" : ` (part ${part.fate_part})`),
            ),
          ),
        ),
      ),
    ),
  );
}
