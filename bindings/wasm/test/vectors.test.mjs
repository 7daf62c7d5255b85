// The package against the shipped vectors.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import {
  Case,
  Composer,
  Conversation,
  Franking,
  FrankingAgent,
  HubKeys,
  Inspection,
  Message,
  MimiError,
  Room,
  bytesOfText,
  checkUri,
  compare,
  decodeStatusReport,
  diagnose,
  encodeStatusReport,
  events,
  guess,
  holds,
  kinds,
  parseJson,
  sameUri,
  toHtml,
  toJson,
  types,
  verify,
  writeJson,
} from "mimi-wasm";

const folder = new URL("../../../test-vectors/vectors/", import.meta.url);
const text = (file) => readFileSync(new URL(file, folder), "utf8");
const vectors = (kind) => parseJson(text(`${kind}.json`)).cases;
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const refusal = (run) => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof MimiError, String(error));
    return error;
  }
  return assert.fail("accepted");
};

test("content: decodes, encodes, names, and refuses with the place", () => {
  const seen = { valid: 0, invalid: 0 };
  for (const each of vectors("content")) {
    const encoded = bytes(each.encoded);
    if (each.valid === false) {
      const error = refusal(() => Message.decode(encoded));
      assert.equal(error.kind, "refused");
      assert.ok(error.offset <= encoded.length && error.field.startsWith("MimiContent"), each.name);
      assert.match(error.section, /^mimi-content-09 §/);
      assert.equal(diagnose(encoded).accepted, false, each.name);
      seen.invalid += 1;
      continue;
    }
    const message = Message.decode(encoded);
    assert.equal(hex(message.encode()), each.encoded);
    if (each.value) {
      assert.deepEqual(message.toJson(), each.value, each.name);
      assert.equal(hex(Message.fromJson(each.value).encode()), each.encoded, each.name);
    }
    if (each.message_id) assert.equal(message.messageId(each.sender_uri, each.room_uri), each.message_id);
    assert.equal(message.parts()[0].parent, null);
    assert.equal(typeof message.preview().line, "string");
    message.free();
    seen.valid += 1;
  }
  assert.ok(seen.valid > 100 && seen.invalid > 100, JSON.stringify(seen));
});

test("message-status: decodes, encodes, refuses", () => {
  let count = 0;
  for (const each of vectors("message-status")) {
    const encoded = bytes(each.encoded);
    if (each.valid === false) {
      assert.equal(refusal(() => decodeStatusReport(encoded)).kind, "refused");
    } else {
      const statuses = decodeStatusReport(encoded);
      assert.deepEqual(statuses.map(({ message_id, status }) => [message_id, status]), each.statuses);
      assert.equal(hex(encodeStatusReport(statuses)), each.encoded);
    }
    count += 1;
  }
  assert.ok(count > 20);
  assert.equal(refusal(() => encodeStatusReport([{ message_id: "00", status: 1 }])).kind, "invalid_input");
});

test("timeline: folds messages in any order", () => {
  let count = 0;
  for (const each of vectors("timeline")) {
    if (each.local_user_uri || !Array.isArray(each.rooms)) continue;
    const lines = each.messages.map(writeJson);
    const fold = (lines) => {
      const conversation = new Conversation();
      assert.deepEqual(conversation.takeLines(lines.join("\n")), [], each.name);
      return conversation;
    };
    const conversation = fold(lines);
    const rooms = conversation.rooms(Number(each.now ?? 0));
    assert.deepEqual(fold([...lines].reverse()).rooms(Number(each.now ?? 0)), rooms, each.name);
    const again = Conversation.restore(conversation.snapshots());
    assert.deepEqual(again.rooms(Number(each.now ?? 0)).length, rooms.length);
    count += 1;
  }
  assert.ok(count > 10, String(count));
  const refused = new Conversation().takeLines('{"room_uri": 7}\n\nnothing');
  assert.deepEqual(refused.map(({ line }) => line), [1, 3]);
});

test("policy: decides every case", () => {
  const expected = vectors("policy");
  const cases = Case.all(text("policy.json"));
  assert.equal(cases.length, expected.length);
  for (const [at, each] of expected.entries()) {
    const decision = cases[at].decide();
    assert.equal(decision.allow, each.expect.allow, each.name);
    if (each.expect.capability) assert.equal(decision.capability, each.expect.capability, each.name);
    assert.equal(cases[at].name, each.name);
    cases[at].free();
  }
});

test("policy: matrix, graph, findings, questions, differences", () => {
  const room = Room.parse(
    JSON.stringify({
      roles: "strict",
      participants: [["mimi://a.example/u/alice", 4], ["mimi://b.example/u/bob", 2]],
      clients: [["mimi://a.example/u/alice", "mimi://a.example/d/a1"], ["mimi://b.example/u/bob", "mimi://b.example/d/b1"]],
    }),
  );
  room.check();
  const matrix = room.matrix();
  assert.ok(matrix.rows.every((row) => row.held.length === matrix.roles.length));
  assert.ok(room.graph().moves.some((move) => move.capability === "canAddParticipant"));
  assert.match(room.picture("svg"), /^<svg /);
  const lockOut = room.lint().find((finding) => finding.code === "lock-out");
  assert.equal(lockOut.moves.length, lockOut.steps.length);
  assert.equal(room.can("mimi://a.example/u/alice").capabilities.canAddParticipant, true);
  assert.equal(room.can("mimi://b.example/u/bob").capabilities.canAddParticipant, false);
  assert.equal(refusal(() => room.can("mimi://B.example/u/bob")).kind, "invalid_input");
  assert.deepEqual(room.diff(room).differences, []);
  assert.equal(refusal(() => Room.parse("{}")).kind, "invalid_input");
});

test("wire: every type's value, and every refusal's place", () => {
  let count = 0;
  for (const each of vectors("wire").filter((_, at) => at % 7 === 0)) {
    const encoded = bytes(each.encoded);
    if (each.valid === false) {
      const error = refusal(() => toJson(each.type, encoded));
      assert.ok(error.offset <= encoded.length && error.section, each.name);
    } else {
      const value = toJson(each.type, encoded);
      if (each.value !== undefined) assert.deepEqual(value, each.value, each.name);
      assert.deepEqual(compare(each.type, encoded, encoded), []);
    }
    count += 1;
  }
  assert.ok(count > 200);
  assert.equal(refusal(() => toJson("Nothing", new Uint8Array())).kind, "unknown");
});

test("an inspection covers all bytes, also of what is refused", () => {
  for (const encoded of ["01610162", "016109626364"].map(bytes)) {
    const inspection = new Inspection("HPKECiphertext", encoded);
    const { fields, runs, refused, length } = inspection.summary();
    assert.equal(length, encoded.length);
    assert.equal(refused === null, encoded.length === 4);
    const numbers = inspection.fieldNumbers();
    const all = inspection.fields();
    assert.equal(all.length, fields);
    assert.deepEqual([...numbers.starts], all.map((field) => field.start));
    assert.deepEqual([...numbers.parents], all.map((field) => field.parent ?? 0xffff_ffff));
    const { starts, roles } = inspection.runNumbers();
    assert.equal(starts.length, runs);
    assert.equal(starts[0], 0);
    assert.equal([...roles].includes(2), refused !== null);
    inspection.free();
  }
  assert.ok(guess(bytes("01610162")).some((each) => each.accepted && each.type_name === "HPKECiphertext"));
  assert.ok(types().some((type) => type.name === "MLSMessage" && type.section.startsWith("RFC 9420")));
});

// Those that the package has functions for. ALL_VECTORS=1 takes all: minutes with the module of --quick.
const CHECKED = ["content", "franking", "markdown", "message-status", "name", "policy", "retraction", "timeline"];

test("vector files hold", { timeout: 1_800_000 }, () => {
  const judged = new Set(kinds());
  let count = 0;
  const files = process.env.ALL_VECTORS ? readdirSync(folder) : CHECKED.map((kind) => `${kind}.json`);
  for (const file of files) {
    const report = verify(file, text(file));
    if (!judged.has(report.kind)) continue;
    assert.ok(holds(report), `${file}: ${JSON.stringify(report.failures[0] ?? report.unjudged[0])}`);
    assert.ok(report.cases > 0);
    count += 1;
  }
  assert.ok(count >= CHECKED.length, String(count));
  assert.ok(judged.has("franking"));
  const broken = JSON.parse(text("franking.json"));
  broken.cases = broken.cases.filter((each) => each.server_frank).slice(0, 1);
  broken.cases[0].server_frank = "00".repeat(32);
  assert.ok(!holds(verify("broken.json", JSON.stringify(broken))));
  assert.ok(!holds(verify("nothing.json", "nothing")));
});

test("composes with a fresh salt, edits, reacts and deletes", () => {
  const [sender, room] = ["mimi://a.example/u/alice", "mimi://a.example/r/club"];
  const composer = new Composer(sender, room);
  const hello = composer.message({ text: "*Hello*", markdown: true, language: "en" });
  assert.notEqual(hello.toJson().salt, composer.message({ text: "Hello" }).toJson().salt);
  const id = composer.messageId(hello);
  assert.equal(id, hello.messageId(sender, room));
  assert.equal(composer.message({ text: "Hi" }, { to: id }).toJson().in_reply_to, id);
  assert.equal(composer.react(id, "❤").toJson().in_reply_to, id);
  assert.equal(composer.edit(id, hello, { text: "Bye" }).toJson().replaces, id);
  assert.equal(composer.delete(id, hello).toJson().body.part, "null");
  const salt = new Uint8Array(16).fill(7);
  assert.deepEqual(composer.message({ text: "a" }, { salt }).encode(), composer.message({ text: "a" }, { salt }).encode());
  assert.equal(refusal(() => composer.message({ text: "a" }, { salt: new Uint8Array(3) })).field, "salt");
});

test("franking: sender, hub, receiver, report", () => {
  const [sender, room] = ["mimi://a.example/u/alice", "mimi://hub.example/r/club"];
  const applicationData = new Composer(sender, room).message({ text: "Hello" }).encode();
  const franking = Franking.integrityMac();
  const { frankingTag, sendingUri } = franking.commit(applicationData, sender, room);
  const [hubKey, secret] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const keys = HubKeys.secret(hubKey, secret);
  const submission = {
    frankingTag,
    sendingUri,
    submittedBy: "a.example",
    presentedNames: ["a.example"],
    roomUri: room,
    participants: [sender],
    usersWithClients: [sender],
  };
  const acceptedTimestamp = 1_767_225_600_000;
  const frank = franking.frank(keys, submission, acceptedTimestamp);
  const message = { applicationData, frankingTag, frank, acceptedTimestamp, senderUri: sender, roomUri: room };
  const agent = FrankingAgent.secret(secret);
  assert.deepEqual(franking.verify(agent, message), []);
  assert.equal(refusal(() => franking.verify(agent, { ...message, acceptedTimestamp: 1 })).kind, "not_authentic");
  const reported = { applicationData, frank, acceptedTimestamp };
  assert.deepEqual(franking.checkReport(keys, sender, room, reported), []);
  const other = "mimi://a.example/u/bob";
  assert.equal(refusal(() => franking.checkReport(keys, other, room, reported)).kind, "not_authentic");
});

test("Markdown is shown without its HTML", () => {
  const hostile = "**a** <script>x</script> [bank.example](https://evil.example)";
  assert.doesNotMatch(toHtml("text/markdown", Buffer.from(hostile)), /<script/);
  assert.equal(toHtml("image/png", new Uint8Array()), null);
  const shown = events(hostile);
  assert.ok(shown.some((event) => event.event === "start" && event.attributes.warning === "other_url"));
});

test("texts and URIs", () => {
  assert.deepEqual(bytesOfText("AQID"), bytes("010203"));
  assert.equal(refusal(() => bytesOfText("~")).offset, 0);
  assert.equal(checkUri("mimi://a.example/u/alice").kind, "user");
  assert.ok(sameUri("mimi://A.example/u/%61lice", "mimi://a.example/u/alice"));
});

test("integers beyond 2^53 keep their value, and texts are no integers", () => {
  const text = '{"epoch":18446744073709551615,"text":"18446744073709551615","small":12}';
  const value = parseJson(text);
  assert.equal(value.epoch, 18446744073709551615n);
  assert.equal(value.text, "18446744073709551615");
  assert.equal(writeJson(value), text);
});
