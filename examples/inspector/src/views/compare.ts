// In which fields two inputs differ.
import type { Json } from "mimi-wasm";
import { call } from "../client.js";
import { announce, counted, h, labelled, replace, shown } from "../dom.js";
import { source } from "../input.js";
import { showError } from "../refusal.js";

const text = (value: Json) => {
  const json = JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? each.toString() : each)) ?? "";
  return json.length > 400 ? `${json.slice(0, 400)}…` : json;
};

export function compareView(): { element: HTMLElement; load(a: string, b: string): void } {
  const results = h("div", { class: "results" });
  const typeField = h("input", { placeholder: "guessed from A", spellcheck: "false", autocomplete: "off" });
  let turn = 0;
  const show = async () => {
    turn += 1;
    const now = turn;
    if (a.isEmpty() || b.isEmpty()) {
      replace(results, h("p", { class: "hint" }, "Two inputs are needed."));
      return;
    }
    try {
      const isPolicy = async (from: typeof a) => /^\s*\{\s*"/.test(await from.text());
      if ((await isPolicy(a)) && (await isPolicy(b))) {
        const { differences, effect } = await call("policyDifferences", await a.text(), await b.text());
        if (now !== turn) return;
        replace(
          results,
          h("h3", {}, differences.length === 0 ? "The policies are the same" : `${counted(differences.length, "difference")} of policy`),
          h("ul", {}, differences.map((each) => h("li", {}, shown(each)))),
          effect && [
            h("h3", {}, "What B's roles do to A's participants"),
            h("ul", {}, [...effect.defects, ...effect.limits, ...effect.lock_outs].map((each) => h("li", {}, shown(each))), effect.roles.map((role) => h("li", {}, `role ${role.role}${role.undefined ? " no longer exists" : ""}${role.cut_off ? " is cut off" : ""} (${counted(role.users.length, "user")}): `, shown(role.differences.join("; "))))),
          ],
        );
        return;
      }
      const chosen = typeField.value.trim();
      const { typeName, differences } = await call("compare", chosen === "" ? null : chosen, await a.bytes(), await b.bytes());
      if (now !== turn) return;
      const side = (value: (typeof differences)[number]["a"]) => (value === null ? [h("td", { class: "hint" }, "–"), h("td", { class: "hint" }, "absent")] : [h("td", {}, value.offset), h("td", { class: "wrap" }, shown(text(value.value)))]);
      replace(
        results,
        h("h3", {}, differences.length === 0 ? `The same ${typeName}` : `${counted(differences.length, "difference")} as ${typeName}`),
        differences.length > 0 &&
          h(
            "div",
            { class: "scroll", tabindex: 0, role: "region", "aria-label": "Differences" },
            h(
              "table",
              {},
              h("thead", {}, h("tr", {}, ["Field", "A at byte", "A", "B at byte", "B"].map((name) => h("th", { scope: "col" }, name)))),
              h("tbody", {}, differences.slice(0, 500).map((each) => h("tr", {}, h("th", { scope: "row" }, shown(each.path)), side(each.a), side(each.b)))),
            ),
          ),
      );
      announce(counted(differences.length, "difference"));
    } catch (error) {
      if (now === turn) showError(results, error);
    }
  };
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void show(), 150);
  };
  const a = source("A", "Bytes, or a policy as JSON.", "bytes", soon);
  const b = source("B", "The same type as A.", "bytes", soon);
  typeField.addEventListener("change", () => void show());
  return {
    element: h("div", {}, h("div", { class: "beside" }, a.element, b.element), h("div", { class: "row" }, labelled("Type", typeField)), results),
    load(first, second) {
      a.setText(first);
      b.setText(second);
    },
  };
}
