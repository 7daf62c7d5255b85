// All work on input is done here, so that the page goes on answering.
import {
  Case,
  Conversation,
  Inspection,
  Message,
  MimiError,
  Room,
  bytesOfText,
  compare,
  diagnose,
  events,
  guess,
  init,
  parseJson,
  types,
  verify,
  writeJson,
  type ConversationEntry,
  type Guess,
  type Json,
} from "mimi-wasm";
import type { Calls, Request, Response, Shown } from "./calls.js";

const inspections = new Map<number, Inspection>();
let numbered = 0;

function likeliest(bytes: Uint8Array): { typeName: string; guesses: Guess[] } {
  const guesses = guess(bytes);
  return { typeName: guesses[0]?.type_name ?? "MimiContent", guesses };
}

function isMarkdown(contentType: string): boolean {
  return /^text\/markdown\s*(;|$)/i.test(contentType);
}

const utf8 = new TextDecoder();

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** The cases of a file of kind `timeline`, each as lines; any other text is the lines themselves. */
function casesOf(text: string): { name: string; lines: string }[] {
  const lines = [{ name: "", lines: text }];
  let file: { cases?: unknown };
  try {
    file = parseJson(text) as { cases?: unknown };
  } catch {
    return lines;
  }
  if (!Array.isArray(file?.cases)) return lines;
  return file.cases.map((each: { name?: unknown; messages?: unknown } | null, at) => ({
    name: typeof each?.name === "string" ? each.name : `case ${at + 1}`,
    lines: Array.isArray(each?.messages) ? each.messages.map((message) => writeJson(message as Json)).join("\n") : "",
  }));
}

const calls: Calls = {
  types,
  bytesOfText,

  take(bytes, chosen) {
    const { typeName, guesses } = chosen === null ? likeliest(bytes) : { typeName: chosen, guesses: [] };
    const inspection = new Inspection(typeName, bytes);
    numbered += 1;
    inspections.set(numbered, inspection);
    return {
      inspection: numbered,
      summary: inspection.summary(),
      guesses,
      fields: inspection.fieldNumbers(),
      runs: inspection.runNumbers(),
    };
  },

  fields(inspection, from, to) {
    return inspections.get(inspection)?.fields(from, to) ?? [];
  },

  drop(inspection) {
    inspections.get(inspection)?.free();
    inspections.delete(inspection);
    return null;
  },

  message(bytes) {
    const diagnosis = diagnose(bytes);
    if (!diagnosis.accepted) return { message: null, diagnosis };
    const message = Message.decode(bytes);
    const value = message.toJson() as { extensions?: [unknown, string][] };
    // The extensions 1 and 2 hold the URIs of sender and room, as CBOR text.
    const uri = (key: number) => {
      const hex = value.extensions?.find(([found]) => found === key)?.[1] ?? "";
      const encoded = bytesOfHex(hex);
      const skip = encoded[0] === 0x78 ? 2 : encoded[0] === 0x79 ? 3 : 1;
      return utf8.decode(encoded.subarray(skip));
    };
    const shown = message.render().map((part): Shown => {
      const text = part.text;
      const content = isMarkdown(part.content_type) ? message.content(part.index) : null;
      return {
        index: part.index,
        content_type: part.content_type,
        text,
        events: content ? events(utf8.decode(content)) : null,
      };
    });
    return {
      message: { parts: message.parts(), preview: message.preview(), sender: uri(1), room: uri(2), shown },
      diagnosis,
    };
  },

  messageId(bytes, sender, room) {
    return Message.decode(bytes).messageId(sender, room);
  },

  conversation(text, localUser, place) {
    const cases = casesOf(text);
    const conversation = new Conversation(localUser === "" ? undefined : localUser);
    const refused = conversation.takeLines(cases[place]?.lines ?? "");
    const rooms = conversation.rooms();
    conversation.free();
    const bodies: Record<string, Shown> = {};
    for (const entry of rooms.flatMap((room) => room.entries)) bodies[entry.message_id] = body(entry);
    return { rooms, refused, bodies, names: cases.map((each) => each.name) };
  },

  policy(text, place) {
    let cases: Case[] = [];
    let rooms: Room[];
    try {
      cases = Case.all(text);
      rooms = cases.map((each) => each.room());
    } catch {
      rooms = [];
    }
    if (rooms.length === 0) rooms = Room.all(text);
    const room = rooms[place] ?? rooms[0];
    if (room === undefined) throw new Error("the text holds no room");
    const asked = cases[place];
    let defect: string | null = null;
    try {
      room.check();
    } catch (error) {
      if (!(error instanceof MimiError)) throw error;
      defect = error.message;
    }
    const json = room.toJson() as { participants?: [string, number][] };
    const view = {
      room: JSON.stringify(json),
      defect,
      matrix: room.matrix(),
      graph: room.graph(),
      findings: room.lint(),
      users: (json.participants ?? []).map(([user, role]) => ({ user, role })),
      decision: asked?.decide() ?? null,
      who: defect === null ? (asked?.who() ?? null) : null,
      names: cases.length > 0 ? cases.map((each, at) => each.name ?? `case ${at + 1}`) : rooms.map((_, at) => `room ${at + 1}`),
    };
    for (const each of [...cases, ...rooms]) each.free();
    return view;
  },

  can(room, user) {
    return Room.parse(room).can(user);
  },

  policyDifferences(a, b) {
    return Room.parse(a).diff(Room.parse(b));
  },

  compare(chosen, a, b) {
    const typeName = chosen ?? likeliest(a).typeName;
    return { typeName, differences: compare(typeName, a, b) };
  },

  verify,
};

function body(entry: ConversationEntry): Shown {
  const part = entry.body as { content_type?: string; content?: string; part?: string; parts?: unknown[] } | null;
  const first = firstText(part);
  if (first === null) return { index: 0, content_type: part?.content_type ?? "", text: null, events: null };
  const text = utf8.decode(bytesOfHex(first.content));
  const markdown = isMarkdown(first.content_type);
  return { index: 0, content_type: first.content_type, text, events: markdown ? events(text) : null };
}

function firstText(part: unknown, depth = 0): { content: string; content_type: string } | null {
  if (typeof part !== "object" || part === null || depth > 4) return null;
  const { content, content_type, parts } = part as { content?: unknown; content_type?: unknown; parts?: unknown };
  if (typeof content === "string" && typeof content_type === "string" && /^text\//i.test(content_type)) {
    return { content, content_type };
  }
  for (const inner of Array.isArray(parts) ? parts : []) {
    const found = firstText(inner, depth + 1);
    if (found) return found;
  }
  return null;
}

async function start(packed: string): Promise<void> {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  await init(new Uint8Array(await new globalThis.Response(unpacked).arrayBuffer()));
}

let ready: Promise<void> | null = null;

self.onmessage = async ({ data }: MessageEvent<string | Request>) => {
  if (typeof data === "string") {
    ready = start(data);
    return;
  }
  let response: Response;
  try {
    await ready;
    const call = calls[data.call] as (...args: unknown[]) => unknown;
    response = { id: data.id, result: call(...data.args) };
  } catch (error) {
    if (error instanceof MimiError) {
      const { kind, reason, message, field, offset, section } = error;
      response = { id: data.id, error: { kind, reason, message, field, offset, section } };
    } else {
      response = { id: data.id, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
    }
  }
  self.postMessage(response);
};
