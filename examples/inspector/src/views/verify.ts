// Vector files, checked.
import type { Failure } from "mimi-wasm";
import { call } from "../client.js";
import { announce, button, counted, h, replace, shown } from "../dom.js";

const failures = (list: Failure[]) =>
  h(
    "ul",
    {},
    list.slice(0, 100).map((each) => h("li", {}, each.case !== null && [h("strong", {}, shown(each.case)), ", "], h("code", {}, shown(each.field)), ": expected ", shown(each.expected.slice(0, 400)), ", found ", shown(each.found.slice(0, 400)))),
    list.length > 100 && h("li", {}, `and ${list.length - 100} more`),
  );

export function verifyView(): { element: HTMLElement } {
  const picker = h("input", { type: "file", multiple: true, accept: ".json", class: "visually-hidden", tabindex: -1, "aria-label": "Vector files" });
  const rows = h("div", { class: "reports" });
  const progress = h("p", { class: "hint", role: "status" });

  const check = async (files: Iterable<File>) => {
    let done = 0;
    const all = [...files];
    for (const file of all) {
      replace(progress, `${done} of ${all.length} files checked; now `, shown(file.name));
      const place = h("section", { class: "report" });
      rows.append(place);
      try {
        const report = await call("verify", file.name, await file.text());
        const holds = report.failures.length === 0 && report.unjudged.length === 0;
        const mark = holds ? ["good", "holds"] : report.failures.length > 0 ? ["error", "fails"] : ["warning", "not judged"];
        replace(
          place,
          h("p", {}, h("span", { class: `mark ${mark[0]}` }, mark[1] ?? ""), " ", shown(file.name), `: ${counted(report.cases, "case")} of kind `, shown(report.kind ?? "unknown"), ` (${report.valid} valid, ${report.invalid} invalid), ${report.failed_cases} failed, ${report.unjudged_cases} not judged`),
          report.failures.length > 0 && failures(report.failures),
          report.unjudged.length > 0 && failures(report.unjudged),
        );
      } catch (error) {
        replace(place, h("p", { class: "refusal", role: "alert" }, shown(file.name), ": ", shown(error instanceof Error ? error.message : String(error))));
      }
      done += 1;
    }
    replace(progress, `${counted(done, "file")} checked`);
    announce(`${counted(done, "file")} checked`);
  };
  picker.addEventListener("change", () => {
    const files = [...(picker.files ?? [])];
    picker.value = "";
    void check(files);
  });
  const drop = h(
    "div",
    { class: "drop" },
    h("p", {}, "Drop vector files here, or ", button("Choose files", () => picker.click()), picker),
    h("p", { class: "hint" }, "Files of the kind room need an MLS implementation, which mimi-vectors has and this page has not."),
  );
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("dropping");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("dropping"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("dropping");
    void check(event.dataTransfer?.files ?? []);
  });
  return { element: h("div", {}, drop, progress, button("Clear", () => replace(rows), { class: "quiet" }), rows) };
}
