import { MESSAGE, POLICY } from "./examples.js";
import { button, h } from "./dom.js";
import { bytesView } from "./views/bytes.js";
import { compareView } from "./views/compare.js";
import { conversationView } from "./views/conversation.js";
import { policyView } from "./views/policy.js";
import { verifyView } from "./views/verify.js";

interface Tab {
  name: string;
  title: string;
  element: HTMLElement;
  example?: () => void;
}

function conversationExample(): string {
  const line = { room_uri: "mimi://example.com/r/engineering_team", sender_uri: "mimi://example.com/u/alice-smith", accepted_timestamp: 1644387225019, encoded: MESSAGE };
  return JSON.stringify(line);
}

function start(): void {
  const bytes = bytesView();
  const conversation = conversationView();
  const policy = policyView();
  const comparison = compareView();
  const tabs: Tab[] = [
    { name: "bytes", title: "Bytes", element: bytes.element, example: () => bytes.load(MESSAGE) },
    { name: "conversation", title: "Conversation", element: conversation.element, example: () => conversation.load(conversationExample()) },
    { name: "policy", title: "Policy", element: policy.element, example: () => policy.load(POLICY) },
    { name: "compare", title: "Compare", element: comparison.element, example: () => comparison.load(MESSAGE, MESSAGE.replace("2e30", "2e31")) },
    { name: "verify", title: "Verify", element: verifyView().element },
  ];
  const list = h("div", { role: "tablist", "aria-label": "Views" });
  const panels: HTMLElement[] = [];
  const buttons: HTMLButtonElement[] = [];

  const select = (at: number) => {
    for (const [place, each] of buttons.entries()) {
      each.setAttribute("aria-selected", place === at ? "true" : "false");
      each.tabIndex = place === at ? 0 : -1;
    }
    for (const [place, panel] of panels.entries()) panel.hidden = place !== at;
  };
  for (const [at, tab] of tabs.entries()) {
    const id = `tab-${tab.name}`;
    const panelId = `panel-${tab.name}`;
    buttons.push(button(tab.title, () => select(at), { role: "tab", id, "aria-controls": panelId }));
    const { example } = tab;
    panels.push(
      h("div", { role: "tabpanel", id: panelId, "aria-labelledby": id, class: "panel" }, h("h2", {}, tab.title), example && button("Try an example", example, { class: "quiet example" }), tab.element),
    );
  }
  list.append(...buttons);
  list.addEventListener("keydown", (event) => {
    const now = buttons.findIndex((each) => each === document.activeElement);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const at = (to + buttons.length) % buttons.length;
    select(at);
    buttons[at]?.focus();
  });
  const theme = button("Dark or light", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  }, { class: "quiet" });
  document.querySelector("header")?.append(list, theme);
  document.querySelector("main")?.append(...panels);
  // A file that misses its place must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  select(0);
}

start();
