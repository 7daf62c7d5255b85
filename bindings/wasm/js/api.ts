import * as wasm from "./mimi_wasm.js";
import { Handle, MimiError, call, drawn, parsed, plain } from "./handle.js";
import { parseJson, writeJson } from "./json.js";
import type * as t from "./types.js";

export * from "./pseudonym.js";
export type * from "./types.js";
export { MimiError, parseJson, writeJson };

/** Bytes of hex or base64. */
export function bytesOfText(text: string): Uint8Array {
  return call(() => wasm.bytesOfText(text));
}

/** Every type that bytes can be inspected as. */
export function types(): t.TypeInfo[] {
  return parsed(() => wasm.types());
}

/** The types that bytes may have, the likeliest first. */
export function guess(encoded: Uint8Array): t.Guess[] {
  return parsed(() => wasm.guess(encoded));
}

/** The value of bytes, in the form of a vector's `value`. */
export function toJson(typeName: string, encoded: Uint8Array): t.Json {
  return parsed(() => wasm.toJson(typeName, encoded));
}

/** The fields in which two encodings of a type differ. */
export function compare(typeName: string, a: Uint8Array, b: Uint8Array): t.FieldDifference[] {
  return parsed(() => wasm.compare(typeName, a, b));
}

/** Checks every case of a vector file; `name` is what the report calls the file. */
export function verify(name: string, text: string): t.Report {
  return parsed(() => wasm.verify(name, text));
}

/** Whether every case of a file was checked and holds. */
export function holds(report: t.Report): boolean {
  return report.failures.length === 0 && report.unjudged.length === 0;
}

/** The kinds of vectors that `verify` judges. */
export function kinds(): string[] {
  return parsed(() => wasm.kinds());
}

export function checkUri(uri: string): t.UriInfo {
  return parsed(() => wasm.checkUri(uri));
}

/** Whether two MIMI URIs name the same, however each is spelled. */
export function sameUri(a: string, b: string): boolean {
  return call(() => wasm.sameUri(a, b));
}

/** Bytes, taken apart: the fields as a tree, each before those that lie in it, and all bytes as runs. */
export class Inspection extends Handle<wasm.Inspection> {
  /** Fails for an unknown type. That the bytes are refused is part of the inspection. */
  constructor(typeName: string, encoded: Uint8Array) {
    super(call(() => new wasm.Inspection(typeName, encoded)));
  }

  summary(): t.InspectionSummary {
    return parsed(() => this.raw.summary());
  }

  /** The fields from one place up to another. */
  fields(from = 0, to = 0xffff_ffff): t.Field[] {
    return parsed(() => this.raw.fields(from, to));
  }

  /** Of every field: its first byte, the byte behind its last, its depth, and the place of the field around it. */
  fieldNumbers(): { starts: Uint32Array; ends: Uint32Array; depths: Uint32Array; parents: Uint32Array } {
    return {
      starts: this.raw.fieldStarts(),
      ends: this.raw.fieldEnds(),
      depths: this.raw.fieldDepths(),
      parents: this.raw.fieldParents(),
    };
  }

  /**
   * Of every run: its first byte, the place of its field (0xffffffff for none), and its role: 0 for a field, 1 for
   * framing, 2 for what was not read. A run ends where the next one starts.
   */
  runNumbers(): { starts: Uint32Array; fields: Uint32Array; roles: Uint8Array } {
    return { starts: this.raw.runStarts(), fields: this.raw.runFields(), roles: this.raw.runRoles() };
  }
}

/** A valid message. */
export class Message extends Handle<wasm.Message> {
  static decode(encoded: Uint8Array): Message {
    return new Message(call(() => wasm.Message.decode(encoded)));
  }

  /** Reads a message in the form of a vector's `value`. */
  static fromJson(value: t.Json): Message {
    return new Message(call(() => wasm.Message.fromJson(writeJson(value))));
  }

  encode(): Uint8Array {
    return this.raw.encode();
  }

  toJson(): t.Json {
    return parsed(() => this.raw.toJson());
  }

  /** The message ID as hex. */
  messageId(senderUri: string, roomUri: string): string {
    return call(() => this.raw.messageId(senderUri, roomUri));
  }

  /** The parts in the order of their indexes, with what this client does with each. */
  parts(client: t.ClientProfile = {}): t.PartInfo[] {
    return parsed(() => this.raw.parts(client.media_types, client.languages));
  }

  /** The content of a single part. */
  content(part: number): Uint8Array | null {
    return this.raw.content(part) ?? null;
  }

  preview(client: t.ClientProfile = {}): t.Preview {
    return parsed(() => this.raw.preview(client.media_types, client.languages));
  }

  /** The parts that a client shows, in their order. */
  render(client: t.ClientProfile = {}): t.ShownPart[] {
    return parsed(() => this.raw.render(client.media_types, client.languages));
  }
}

/** What a user says in a room. Salts are drawn from `crypto.getRandomValues`, unless they are given. */
export class Composer extends Handle<wasm.Composer> {
  constructor(senderUri: string, roomUri: string) {
    super(call(() => new wasm.Composer(senderUri, roomUri)));
  }

  messageId(message: Message): string {
    return call(() => this.raw.messageId(message.raw));
  }

  /** A message, or with `to` a reply to the message of this ID. */
  message(text: t.Text, options: t.ComposeOptions & { to?: string } = {}): Message {
    const { to, salt = drawn(16), topicId = new Uint8Array(), expiresAt, expiresAfterRead } = options;
    const [words, markdown, language] = [text.text, text.markdown ?? false, text.language ?? ""];
    return new Message(
      call(() => this.raw.message(salt, to, words, markdown, language, topicId, expiresAt, expiresAfterRead)),
    );
  }

  react(to: string, reaction: string, salt = drawn(16)): Message {
    return new Message(call(() => this.raw.react(salt, to, reaction)));
  }

  /** Replaces the message whose first version has the ID `first`; `latest` is its newest version. */
  edit(first: string, latest: Message, text: t.Text, salt = drawn(16)): Message {
    const [words, markdown, language] = [text.text, text.markdown ?? false, text.language ?? ""];
    return new Message(call(() => this.raw.edit(salt, first, latest.raw, words, markdown, language)));
  }

  delete(first: string, latest: Message, salt = drawn(16)): Message {
    return new Message(call(() => this.raw.delete(salt, first, latest.raw)));
  }

  unreact(first: string, reaction: Message, salt = drawn(16)): Message {
    return new Message(call(() => this.raw.unreact(salt, first, reaction.raw)));
  }

  /** A message that carries a status report. */
  receipt(statuses: t.StatusEntry[], salt = drawn(16)): Message {
    return new Message(call(() => this.raw.receipt(salt, statusJson(statuses))));
  }

  /** A link to a conference. */
  conference(url: string, description: string, salt = drawn(16)): Message {
    return new Message(call(() => this.raw.conference(salt, url, description)));
  }

  /** A file, with a caption or without. */
  file(file: t.SealedFile, caption: t.Text | null = null, salt = drawn(16)): Message {
    const { text, markdown = false, language = "" } = caption ?? {};
    return new Message(withFile(file, (raw) => this.raw.file(salt, text, markdown, language, raw)));
  }
}

/** Whom a receiver trusts to have franked: a signer, or the holder of a shared secret. */
export class FrankingAgent extends Handle<wasm.Agent> {
  static signed(groupContext: Uint8Array, hubDomain: string, presentedNames: string[]): FrankingAgent {
    return new FrankingAgent(call(() => wasm.Agent.signed(groupContext, hubDomain, presentedNames)));
  }

  static secret(secret: Uint8Array): FrankingAgent {
    return new FrankingAgent(wasm.Agent.secret(secret));
  }
}

/** The keys of a hub. */
export class HubKeys extends Handle<wasm.HubKeys> {
  static signed(hubKey: Uint8Array, privateKey: Uint8Array, groupContext: Uint8Array): HubKeys {
    return new HubKeys(call(() => wasm.HubKeys.signed(hubKey, privateKey, groupContext)));
  }

  static secret(hubKey: Uint8Array, secret: Uint8Array): HubKeys {
    return new HubKeys(wasm.HubKeys.secret(hubKey, secret));
  }
}

/** How the messages of a room are franked (mimi-protocol-06 §5.4). */
export class Franking extends Handle<wasm.Franking> {
  /** What the hub signs (mimi-protocol-05 and -06). */
  static signed(framing: t.Framing = "bare"): Franking {
    return new Franking(wasm.Franking.signed(framing === "application_framing"));
  }

  /** The MAC of mimi-protocol-03 and -04. */
  static integrityMac(framing: t.Framing = "bare"): Franking {
    return new Franking(wasm.Franking.integrityMac(framing === "application_framing"));
  }

  /** The hash of mimi-protocol-02; the key is that of the extension with the sender, the room and the franking key. */
  static contextHash(assertionKey: t.Integer, framing: t.Framing = "bare"): Franking {
    return new Franking(wasm.Franking.contextHash(BigInt(assertionKey), framing === "application_framing"));
  }

  commit(applicationData: Uint8Array, senderUri: string, roomUri: string): t.Commitment {
    const made = () => this.raw.commit(applicationData, senderUri, roomUri);
    return call(() => plain(made(), "frankingTag", "salt", "safeAadItem", "sendingUri"));
  }

  frank(keys: HubKeys, submission: t.Submission, acceptedTimestamp: t.Integer, seed = drawn(32)): t.Frank {
    const { frankingTag, sendingUri, submittedBy, presentedNames } = submission;
    const { roomUri, participants, usersWithClients } = submission;
    const made = () =>
      this.raw.frank(
        keys.raw,
        frankingTag,
        sendingUri,
        submittedBy,
        presentedNames,
        roomUri,
        participants,
        usersWithClients,
        BigInt(acceptedTimestamp),
        seed,
      );
    return call(() => plain(made(), "serverFrank", "cipherSuite", "proof"));
  }

  /** What the message refers to and the frank does not bind, in words. Throws if the tag or the stamp does not hold. */
  verify(agent: FrankingAgent, message: t.FrankedMessage): string[] {
    const { applicationData, frankingTag, frank, acceptedTimestamp, senderUri, roomUri } = message;
    return parsed(() =>
      withFrank(frank, (raw) =>
        this.raw.verify(agent.raw, applicationData, frankingTag, raw, BigInt(acceptedTimestamp), senderUri, roomUri),
      ),
    );
  }

  /** As `verify`, by the hub, of a message that was reported. */
  checkReport(keys: HubKeys, allegedAbuserUri: string, roomUri: string, reported: t.Reported): string[] {
    const { applicationData, frank, acceptedTimestamp } = reported;
    return parsed(() =>
      withFrank(frank, (raw) =>
        this.raw.checkReport(keys.raw, allegedAbuserUri, roomUri, applicationData, raw, BigInt(acceptedTimestamp)),
      ),
    );
  }
}

function withFrank<T>({ serverFrank, cipherSuite, proof }: t.Frank, run: (raw: wasm.Frank) => T): T {
  const raw = new wasm.Frank(serverFrank, cipherSuite, proof);
  try {
    return run(raw);
  } finally {
    raw.free();
  }
}

/** Reads a document as far as it can be read, and lists what is wrong with it. */
export function diagnose(encoded: Uint8Array): t.Diagnosis {
  return parsed(() => wasm.diagnose(encoded));
}

export function decodeStatusReport(encoded: Uint8Array): t.MessageStatus[] {
  return parsed(() => wasm.decodeStatusReport(encoded));
}

export function encodeStatusReport(statuses: t.StatusEntry[]): Uint8Array {
  return call(() => wasm.encodeStatusReport(statusJson(statuses)));
}

function statusJson(statuses: t.StatusEntry[]): string {
  return JSON.stringify(statuses.map(({ message_id, status }) => ({ message_id, status })));
}

const FILE = [
  "url",
  "contentType",
  "size",
  "expires",
  "encAlg",
  "key",
  "nonce",
  "aad",
  "hashAlg",
  "contentHash",
  "description",
  "filename",
] as const;

function withFile<T>(file: t.SealedFile, run: (raw: wasm.SealedFile) => T): T {
  const raw = new wasm.SealedFile();
  try {
    Object.assign(raw, { ...file, size: BigInt(file.size) });
    return call(() => run(raw));
  } finally {
    raw.free();
  }
}

/** What part `index` of a message says about its file; `null` if that is no file behind a URL. It holds the key. */
export function fileOfMessage(message: Message, index: number): t.SealedFile | null {
  const raw = wasm.SealedFile.ofMessage(message.raw, index);
  return raw === undefined ? null : plain(raw, ...FILE);
}

const AEADS = { aes_128_gcm: 1, aes_256_gcm: 2, chacha20_poly1305: 29 };

/** Encrypts a file of any size, piece by piece; the pieces are uploaded in their order, then the tag. */
export class FileSealer extends Handle<wasm.FileSealer> {
  constructor(aead: keyof typeof AEADS = "aes_128_gcm", seed = drawn(32)) {
    const raw = call(() => wasm.FileSealer.begin(AEADS[aead], seed));
    if (raw === undefined) throw new RangeError(`no algorithm has the name ${aead}`);
    super(raw);
  }

  seal(piece: Uint8Array): Uint8Array {
    return call(() => this.raw.seal(piece));
  }

  finish(url: string, contentType: string): { tag: Uint8Array; file: t.SealedFile } {
    const { tag, file } = plain(
      call(() => this.raw.finish(url, contentType)),
      "tag",
      "file",
    );
    return { tag, file: plain(file, ...FILE) };
  }
}

/** Opens a stored file in two readings of the same bytes: the first verifies all of it, the second decrypts. */
export class FileOpener extends Handle<wasm.FileOpener> {
  constructor(file: t.SealedFile, nowMs: t.Integer = Date.now()) {
    super(withFile(file, (raw) => new wasm.FileOpener(raw, BigInt(nowMs))));
  }

  /** Takes the next piece of the first reading. */
  verify(piece: Uint8Array): void {
    call(() => this.raw.verify(piece));
  }

  /** Ends the first reading: checks size, hash and tag. Returns the length of the content. */
  verified(): bigint {
    return call(() => this.raw.verified());
  }

  /** Decrypts the next piece of the second reading. */
  open(piece: Uint8Array): Uint8Array {
    return call(() => this.raw.open(piece));
  }

  /** Ends the second reading. If it fails, discard what was opened. */
  finish(): void {
    call(() => this.raw.finish());
  }
}

/** Safe HTML of Markdown or HTML; `null` for other types and unknown charsets. */
export function toHtml(contentType: string, content: Uint8Array): string | null {
  return wasm.toHtml(contentType, content) ?? null;
}

export function toPlainText(contentType: string, content: Uint8Array): string | null {
  return wasm.toPlainText(contentType, content) ?? null;
}

/** What to show for Markdown, hostile or not, step by step. */
export function events(markdown: string): t.RenderEvent[] {
  return parsed(() => wasm.events(markdown));
}

/** A room's policy and participants. */
export class Room extends Handle<wasm.Room> {
  /** Reads a room, or the room of a case, from JSON text. */
  static parse(text: string): Room {
    return new Room(call(() => new wasm.Room(text)));
  }

  /** The rooms of a vector file of kind `policy`, of a case, or the room that a text is. */
  static all(text: string): Room[] {
    return call(() => wasm.rooms(text)).map((raw) => new Room(raw));
  }

  toJson(): t.Json {
    return parsed(() => this.raw.toJson());
  }

  /** Throws the first defect of a room that can't exist. */
  check(): void {
    call(() => this.raw.check());
  }

  matrix(): t.Matrix {
    return parsed(() => this.raw.matrix());
  }

  matrixMarkdown(): string {
    return this.raw.matrixMarkdown();
  }

  graph(): t.Graph {
    return parsed(() => this.raw.graph());
  }

  picture(form: "svg" | "dot" | "mermaid"): string {
    const picture = this.raw.picture(form);
    if (picture === undefined) throw new RangeError(`no picture has the form ${form}`);
    return picture;
  }

  lint(examples = false): t.FindingReport[] {
    return parsed(() => this.raw.lint(examples));
  }

  can(userUri: string, clientUri?: string): t.UserReport {
    return parsed(() => this.raw.can(userUri, clientUri));
  }

  diff(other: Room): t.DifferenceReport {
    return parsed(() => this.raw.diff(other.raw));
  }
}

/** A question to a room: an actor, the form of a message, and changes. */
export class Case extends Handle<wasm.Case> {
  static parse(text: string): Case {
    return new Case(call(() => new wasm.Case(text)));
  }

  /** The cases of a vector file of kind `policy`, or the one that a text is. */
  static all(text: string): Case[] {
    return call(() => wasm.cases(text)).map((raw) => new Case(raw));
  }

  toJson(): t.Json {
    return parsed(() => this.raw.toJson());
  }

  get name(): string | null {
    return this.raw.name() ?? null;
  }

  room(): Room {
    return new Room(this.raw.room());
  }

  decide(): t.DecisionReport {
    return parsed(() => this.raw.decide());
  }

  who(): t.CandidateReport[] {
    return parsed(() => this.raw.who());
  }
}

/** Messages as the conversation that a user sees, whatever the order in which they are received. */
export class Conversation extends Handle<wasm.Conversation> {
  /** `raw` is for the functions here. */
  constructor(localUserUri?: string, raw = new wasm.Conversation(localUserUri)) {
    super(raw);
  }

  /** Takes one line in; returns the ID under which another message is there, if one is. */
  take(line: string): string | null {
    return call(() => this.raw.take(line)) ?? null;
  }

  /** Takes all lines of a text in; returns those that were refused. */
  takeLines(text: string): t.RefusedLine[] {
    return parsed(() => this.raw.takeLines(text));
  }

  /** The rooms as they are seen at a time in milliseconds since the UNIX epoch; at 0 no message has expired. */
  rooms(nowMs = 0): t.ConversationRoom[] {
    return parsed(() => this.raw.rooms(BigInt(nowMs)));
  }

  /** What to store of each room, by its URI, as hex. */
  snapshots(): Record<string, string> {
    return parsed(() => this.raw.snapshots());
  }

  static restore(snapshots: Record<string, string>): Conversation {
    return new Conversation(undefined, call(() => wasm.Conversation.restore(JSON.stringify(snapshots))));
  }
}
