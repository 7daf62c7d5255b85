// Messages as the conversation that a user sees.
import type { ConversationEntry, ConversationRoom } from "mimi-wasm";
import { call } from "../client.js";
import type { ConversationView } from "../calls.js";
import { announce, counted, h, labelled, replace, shown } from "../dom.js";
import { source } from "../input.js";
import { showError } from "../refusal.js";
import { ofShown } from "../text.js";

function userName(uri: string): string {
  return /\/u\/([^/]+)$/.exec(uri)?.[1] ?? uri;
}

function time(ms: unknown): string {
  const number = Number(ms);
  if (ms === null || ms === undefined || !(Math.abs(number) < 8.64e15)) return "";
  return new Date(number).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

export function conversationView(): { element: HTMLElement; load(text: string): void } {
  const results = h("div", { class: "results" });
  const user = h("input", { placeholder: "mimi://example.com/u/alice", spellcheck: "false", autocomplete: "off" });
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
      const view = await call("conversation", await input.text(), user.value.trim(), place);
      if (now !== turn) return;
      chooser.hidden = view.names.length < 2;
      replace(which, view.names.map((name, at) => h("option", { value: at, selected: at === place }, name)));
      draw(view, user.value.trim());
    } catch (error) {
      if (now === turn) showError(results, error);
    }
  };
  const draw = (view: ConversationView, localUser: string) => {
    replace(
      results,
      view.refused.length > 0 &&
        h(
          "div",
          { class: "refusal", role: "alert" },
          h("strong", {}, `${counted(view.refused.length, "line")} refused`),
          h("ul", {}, view.refused.slice(0, 100).map(({ line, error }) => h("li", {}, `line ${line}: `, shown(error.message)))),
        ),
      view.rooms.map((room) => roomBox(room, view, localUser)),
    );
    announce(counted(view.rooms.length, "room"));
  };
  const input = source("Messages", "JSON Lines as mimi-vectors timeline reads them, or a vector file of kind timeline.", "text", () => void show(0));
  user.addEventListener("change", () => void show(Number(which.value)));
  which.addEventListener("change", () => void show(Number(which.value)));
  return {
    element: h("div", {}, input.element, h("div", { class: "row" }, labelled("Seen by", user), chooser), results),
    load: (text) => input.setText(text),
  };
}

function roomBox(room: ConversationRoom, view: ConversationView, localUser: string): HTMLElement {
  const byId = new Map(room.entries.map((entry) => [entry.message_id, entry]));
  const MOST = 500;
  return h(
    "section",
    { class: "room" },
    h("h3", {}, shown(room.room_uri)),
    h("p", { class: "hint" }, `${counted(room.messages, "message")}, ${room.entries.length} ${room.entries.length === 1 ? "entry" : "entries"}`, room.held.length > 0 && `, ${room.held.length} held back`, room.unseen.length > 0 && `, ${room.unseen.length} named but unseen`),
    h("ol", { class: "entries" }, room.entries.slice(0, MOST).map((entry) => bubble(entry, byId, view, localUser))),
    room.entries.length > MOST && h("p", { class: "hint" }, `${room.entries.length - MOST} more entries are not shown`),
    room.findings.length > 0 && [
      h("h4", {}, "Findings"),
      h(
        "ul",
        {},
        room.findings.map((finding) =>
          h("li", {}, h("span", { class: `mark ${finding.severity === "suspect" ? "error" : "note"}` }, finding.severity), " ", shown(finding.sender_uri), ": ", shown(finding.findings.join("; "))),
        ),
      ),
    ],
  );
}

function bubble(entry: ConversationEntry, byId: Map<string, ConversationEntry>, view: ConversationView, localUser: string): HTMLElement {
  const reply = entry.in_reply_to;
  const answered = reply ? byId.get(reply.message_id) : undefined;
  const quoted = answered ? (view.bodies[answered.message_id]?.text ?? "") : "";
  return h(
    "li",
    { class: `bubble${entry.sender_uri === localUser ? " own" : ""}` },
    h("p", { class: "from" }, h("strong", { title: entry.sender_uri }, shown(userName(entry.sender_uri))), " ", h("time", {}, time(entry.accepted_timestamp)), entry.edited && " (edited)"),
    reply && h("blockquote", {}, answered ? [h("strong", {}, shown(userName(answered.sender_uri))), " ", shown(quoted.slice(0, 120))] : `a message that is ${reply.state.replaceAll("_", " ")}`),
    entry.state === "shown" ? ofShown(view.bodies[entry.message_id]) : h("p", { class: "hint" }, `this message is ${entry.state}`),
    entry.reaction_groups.length > 0 &&
      h(
        "ul",
        { class: "reactions", "aria-label": "Reactions" },
        entry.reaction_groups.map((group) =>
          h("li", { title: group.senders.map(userName).join(", ") }, group.reaction.text === undefined ? "other" : shown(group.reaction.text), ` ${group.senders.length}`),
        ),
      ),
    h(
      "details",
      {},
      h("summary", {}, "Details"),
      h("dl", {}, h("dt", {}, "Message ID"), h("dd", {}, h("code", {}, entry.message_id)), h("dt", {}, "Versions"), h("dd", {}, h("ul", {}, entry.versions.map((version) => h("li", {}, `${version.standing.replaceAll("_", " ")}, `, shown(version.sender_uri), `, ${time(version.accepted_timestamp)}`))))),
    ),
  );
}
