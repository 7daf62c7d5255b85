// A room's policy: who may do what, who moves whom, what a reviewer should know, and why.
import type { FindingReport, Graph, Matrix, UserReport } from "mimi-wasm";
import { call } from "../client.js";
import type { PolicyView } from "../calls.js";
import { announce, button, counted, freshId, h, labelled, replace, severityMark, shown, svg } from "../dom.js";
import { source } from "../input.js";
import { showError } from "../refusal.js";

export function policyView(): { element: HTMLElement; load(text: string): void } {
  const results = h("div", { class: "results" });
  const which = h("select");
  const chooser = labelled("Case", which);
  chooser.hidden = true;
  let turn = 0;
  const show = async (place: number) => {
    turn += 1;
    const now = turn;
    if (input.isEmpty()) {
      chooser.hidden = true;
      replace(results);
      return;
    }
    try {
      const view = await call("policy", await input.text(), place);
      if (now !== turn) return;
      chooser.hidden = view.names.length < 2;
      replace(which, view.names.map((name, at) => h("option", { value: at, selected: at === place }, name)));
      draw(view);
    } catch (error) {
      if (now === turn) showError(results, error);
    }
  };
  const draw = (view: PolicyView) => {
    replace(
      results,
      view.defect !== null && h("div", { class: "refusal", role: "alert" }, h("strong", {}, "No such room can exist: "), shown(view.defect)),
      view.decision && decisionBox(view),
      h("h3", {}, "Findings"),
      view.findings.length > 0 ? h("ul", { class: "findings" }, view.findings.map((finding) => findingBox(finding, view.matrix))) : h("p", {}, "The linter finds nothing."),
      view.defect === null && question(view),
      h("h3", {}, "Matrix"),
      matrixTable(view.matrix),
      h("h3", {}, "Graph"),
      graphPicture(view.graph),
    );
    announce(counted(view.findings.length, "finding"));
  };
  which.addEventListener("change", () => void show(Number(which.value)));
  const input = source("Policy", "A room, a case, or a vector file of kind policy, as JSON.", "text", () => void show(0));
  return { element: h("div", {}, input.element, h("div", { class: "row" }, chooser), results), load: (text) => input.setText(text) };
}

const verdict = (allow: boolean) => h("span", { class: `mark ${allow ? "good" : "error"}` }, allow ? "allowed" : "refused");

function decisionBox(view: PolicyView): HTMLElement {
  const decision = view.decision;
  if (!decision) return h("div");
  return h(
    "section",
    { class: "decision" },
    h("h3", {}, "The case"),
    h("p", {}, verdict(decision.allow), " ", shown(decision.sentence)),
    decision.expected !== null && decision.expected !== decision.allow && h("p", { class: "refusal" }, "The case expects the opposite."),
    view.who &&
      view.who.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, "Which participants could do the same"),
        h("ul", {}, view.who.map((candidate) => h("li", {}, verdict(candidate.allow), " ", shown(candidate.user), ` (role ${candidate.role}): `, shown(candidate.why.join("; "))))),
      ),
  );
}

/** May this user do that, and why. */
function question(view: PolicyView): HTMLElement {
  const list = freshId("users");
  const user = h("input", { list, value: view.users[0]?.user ?? "", spellcheck: "false", autocomplete: "off" });
  const filter = h("input", { placeholder: "all", spellcheck: "false", autocomplete: "off" });
  const answer = h("div", { "aria-live": "polite" });
  let report: UserReport | null = null;
  const narrow = () => {
    if (!report) return;
    const words = filter.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const wanted = (text: string) => words.every((word) => text.toLowerCase().includes(word));
    const answers = report.answers.filter((each) => wanted(`${each.what} ${each.why.join(" ")}`));
    const held = Object.entries(report.capabilities).filter(([, has]) => has);
    replace(
      answer,
      h("p", {}, shown(report.user), report.role === null ? " is not on the list" : ` has role ${report.role}`, ` and ${held.length} capabilities.`),
      h("ul", { class: "answers" }, answers.slice(0, 200).map((each) => h("li", {}, verdict(each.allow), " ", shown(each.what), h("span", { class: "why" }, " because ", shown(each.why.join("; ")))))),
      answers.length > 200 && h("p", { class: "hint" }, `${answers.length - 200} more`),
    );
  };
  const ask = () => {
    if (user.value === "") return;
    call("can", view.room, user.value.trim()).then(
      (found) => {
        report = found;
        narrow();
      },
      (error: unknown) => showError(answer, error),
    );
  };
  user.addEventListener("change", ask);
  filter.addEventListener("input", narrow);
  ask();
  return h(
    "section",
    { class: "question" },
    h("h3", {}, "May this user do that, and why"),
    h("datalist", { id: list }, view.users.map((each) => h("option", { value: each.user }, `role ${each.role}`))),
    h("div", { class: "row" }, labelled("User", user), labelled("Do what", filter)),
    answer,
  );
}

function matrixTable(matrix: Matrix): HTMLElement {
  const rows: HTMLElement[] = [];
  let group = "";
  for (const row of matrix.rows) {
    if (row.group !== group) {
      group = row.group;
      rows.push(h("tr", {}, h("th", { colspan: matrix.roles.length + 1, scope: "rowgroup", class: "group" }, group)));
    }
    rows.push(
      h("tr", {}, h("th", { scope: "row" }, row.capability), row.held.map((has) => h("td", { class: has ? "yes" : "no" }, has ? h("span", {}, h("span", { "aria-hidden": "true" }, "●"), h("span", { class: "visually-hidden" }, "yes")) : h("span", { class: "visually-hidden" }, "no")))),
    );
  }
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Roles and capabilities" },
    h(
      "table",
      { class: "matrix" },
      h("thead", {}, h("tr", {}, h("td"), matrix.roles.map((role) => h("th", { scope: "col" }, `${role.index} `, shown(role.name))))),
      h("tbody", {}, rows),
    ),
  );
}

const BOX = { width: 150, height: 44, gap: 60 };

/** Roles as boxes in a line, moves as arcs: those to a later role above, the others below. */
function graphPicture(graph: Graph): HTMLElement {
  const MOST = 40;
  const outside = { index: 0, name: "off the list" };
  const roles = [outside, ...graph.roles.filter((role) => role.index !== 0)].slice(0, MOST);
  const place = new Map(roles.map((role, at) => [role.index, at]));
  // One arc for all who may make the same move.
  const arcs = new Map<string, { from: number; to: number; by: Map<string, Set<number>> }>();
  for (const move of graph.moves) {
    const from = place.get(move.from);
    const to = place.get(move.to);
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from} ${to}`;
    const arc = arcs.get(key) ?? { from, to, by: new Map<string, Set<number>>() };
    const by = arc.by.get(move.capability) ?? new Set<number>();
    by.add(move.by_oneself ? -1 : move.by);
    arc.by.set(move.capability, by);
    arcs.set(key, arc);
  }
  const name = (index: number) => roles.find((role) => role.index === index)?.name ?? `role ${index}`;
  const who = (by: Set<number>) => [...by].sort((a, b) => a - b).map((index) => (index === -1 ? "the user itself" : `${index} ${name(index)}`)).join(", ");
  const longest = Math.max(1, ...[...arcs.values()].map((arc) => Math.abs(arc.to - arc.from)));
  const rise = (span: number) => 26 + (span / longest) * Math.min(160, 40 + longest * 26);
  const middle = rise(longest) + 12;
  const width = roles.length * (BOX.width + BOX.gap) - BOX.gap + 24;
  const height = middle * 2 + BOX.height;
  const left = (at: number) => 12 + at * (BOX.width + BOX.gap);
  const tip = freshId("tip");
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, class: "graph", role: "img", "aria-label": `${roles.length} roles and ${arcs.size} moves between them; the list below says the same` },
    svg("defs", {}, svg("marker", { id: tip, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0 8 4 0 8z", class: "tip" }))),
  );
  const lines: { arc: { from: number; to: number; by: Map<string, Set<number>> }; text: string }[] = [];
  for (const arc of arcs.values()) {
    const forward = arc.to > arc.from;
    const up = rise(Math.abs(arc.to - arc.from)) * (forward ? -1 : 1);
    const y = forward ? middle : middle + BOX.height;
    const x1 = left(arc.from) + BOX.width * (forward ? 0.6 : 0.4);
    const x2 = left(arc.to) + BOX.width * (forward ? 0.4 : 0.6);
    const text = [...arc.by].map(([capability, by]) => `${capability}: ${who(by)}`).join("; ");
    lines.push({ arc, text });
    picture.append(
      svg("path", { d: `M${x1} ${y}C${x1} ${y + up * 1.2} ${x2} ${y + up * 1.2} ${x2} ${y}`, class: forward ? "arc" : "arc back", "marker-end": `url(#${tip})` }, svg("title", {}, `${roles[arc.from]?.name} to ${roles[arc.to]?.name}: ${text}`)),
    );
  }
  for (const [at, role] of roles.entries()) {
    const label = role.name.length > 18 ? `${role.name.slice(0, 17)}…` : role.name;
    picture.append(
      svg("g", {}, svg("rect", { x: left(at), y: middle, width: BOX.width, height: BOX.height, rx: 8, class: "role" }), svg("text", { x: left(at) + BOX.width / 2, y: middle + BOX.height / 2 + 5, "text-anchor": "middle" }, role.index === 0 ? label : `${role.index} ${label}`), svg("title", {}, role.name)),
    );
  }
  return h(
    "div",
    {},
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Graph of roles" }, picture),
    graph.roles.length >= MOST && h("p", { class: "hint" }, `only the first ${MOST} roles are drawn`),
    h("details", {}, h("summary", {}, "The moves as a list"), h("ul", {}, lines.map(({ arc, text }) => h("li", {}, shown(roles[arc.from]?.name ?? ""), " → ", shown(roles[arc.to]?.name ?? ""), ": ", shown(text))))),
  );
}

interface Token {
  role: number;
  client: boolean;
  moved: boolean;
}

/** What the room is like after some of the steps. */
function after(finding: FindingReport, steps: number): Token[] {
  const tokens: Token[] = finding.start.map((role) => ({ role, client: role !== 1, moved: false }));
  for (const step of finding.moves.slice(0, steps)) {
    for (const token of tokens) token.moved = false;
    let moving = tokens.find((token) => token.role === step.from && token.client === step.had_client);
    if (!moving) {
      moving = { role: step.from, client: step.had_client, moved: false };
      tokens.push(moving);
    }
    moving.role = step.to;
    moving.client = step.with_client;
    moving.moved = true;
  }
  return tokens;
}

function findingBox(finding: FindingReport, matrix: Matrix): HTMLElement {
  return h(
    "li",
    {},
    h("p", {}, severityMark(finding.severity), " ", h("code", {}, finding.code), " ", shown(finding.explanation)),
    finding.steps.length > 0 && player(finding, matrix),
  );
}

/** Plays the steps of a finding: users as dots in their roles. */
function player(finding: FindingReport, matrix: Matrix): HTMLElement {
  let at = 0;
  let timer = 0;
  const lanes = h("div", { class: "lanes" });
  const sentence = h("p", { class: "sentence", "aria-live": "polite" });
  const names = new Map(matrix.roles.map((role) => [role.index, role.name]));
  const concerned = [...new Set([...finding.start, ...finding.moves.flatMap((step) => [step.from, step.to, ...(step.by === null ? [] : [step.by])])])].sort((a, b) => a - b);
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };
  const draw = () => {
    const tokens = after(finding, at);
    replace(
      lanes,
      concerned.map((role) => {
        const here = tokens.filter((token) => token.role === role);
        const label = role === 0 ? "off the list" : `${role} ${names.get(role) ?? ""}`;
        return h(
          "div",
          { class: "lane" },
          h("span", { class: "lane-name" }, shown(label)),
          h("span", { class: "tokens", role: "img", "aria-label": counted(here.length, "user") }, here.map((token) => h("span", { class: `token${token.moved ? " moved" : ""}` }, token.client ? "●" : "○"))),
        );
      }),
    );
    replace(sentence, at === 0 ? "Before the first step. A full dot is a user with a client in the group." : [`Step ${at} of ${finding.steps.length}: `, shown(finding.steps[at - 1] ?? "")]);
    back.disabled = at === 0;
    next.disabled = at === finding.steps.length;
  };
  const go = (to: number) => {
    at = Math.max(0, Math.min(finding.steps.length, to));
    if (at === finding.steps.length) stop();
    draw();
  };
  const back = button("Back", () => {
    stop();
    go(at - 1);
  });
  const next = button("Next", () => {
    stop();
    go(at + 1);
  });
  const play: HTMLButtonElement = button("Play", () => {
    if (timer !== 0) {
      stop();
      return;
    }
    if (at === finding.steps.length) go(0);
    play.textContent = "Stop";
    timer = window.setInterval(() => (play.isConnected ? go(at + 1) : stop()), 1200);
  });
  draw();
  return h("div", { class: "player", role: "group", "aria-label": `Steps to ${finding.code}` }, h("div", { class: "row" }, back, play, next), lanes, sentence);
}
