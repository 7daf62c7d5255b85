import type { ErrorRecord } from "mimi-wasm";
import { CallError } from "./client.js";
import { announce, button, h, replace, shown } from "./dom.js";

/** What is wrong, where, and which section says so. */
export function refusalBox(record: ErrorRecord, goTo?: (offset: number) => void): HTMLElement {
  const { message, field, offset, section, reason } = record;
  return h(
    "div",
    { class: "refusal", role: "alert" },
    h("strong", {}, "Refused: "),
    shown(message),
    h(
      "dl",
      {},
      field !== null && [h("dt", {}, "Field"), h("dd", {}, shown(field))],
      offset !== null && [
        h("dt", {}, "Byte"),
        h("dd", {}, offset, " ", goTo && button("Show", () => goTo(offset), { class: "quiet" })),
      ],
      section !== null && [h("dt", {}, "Defined in"), h("dd", {}, section)],
      reason !== null && [h("dt", {}, "Reason"), h("dd", {}, h("code", {}, reason))],
    ),
  );
}

/** Shows a failure in the place of a result. */
export function showError(place: HTMLElement, error: unknown): void {
  if (error instanceof CallError && error.record) replace(place, refusalBox(error.record));
  else {
    const text = error instanceof Error ? error.message : String(error);
    replace(place, h("div", { class: "refusal", role: "alert" }, shown(text)));
  }
  announce("Refused");
}
