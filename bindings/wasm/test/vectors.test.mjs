// The package against the shipped vectors.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import {
  Case,
  Composer,
  Conversation,
  FileOpener,
  FileSealer,
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
  fileOfMessage,
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

import { groupContext, join, u, vec } from "../testing/mls.mjs";

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
  const drafts = {
    "06": [(framing) => Franking.signed(framing), "franking_integrity_signature"],
    "03": [(framing) => Franking.integrityMac(framing), "franking_integrity_check", "franking_integrity_secret"],
    "02": [(framing) => Franking.contextHash(100, framing), "franking_context_hash", "franking_context_secret"],
  };
  const seen = { valid: 0, refused: 0 };
  for (const each of vectors("franking")) {
    const [construct, proof, secret] = drafts[each.revision];
    const franking = construct(each.framing === "application_framing" ? "application_framing" : "bare");
    const [applicationData, frankingTag] = [bytes(each.application_data), bytes(each.franking_tag)];
    const [senderUri, roomUri] = [each.sender_uri, each.room_uri];
    // The franking agent's data: its key, and a basic credential with its domain.
    const agentData = () => join(vec(bytes(each.signature_public_key)), u(2, 1), vec(Buffer.from("hub.example")));
    const context = secret ? null : groupContext(each.cipher_suite, 0x21, agentData());
    const agent = secret
      ? FrankingAgent.secret(bytes(each[secret]))
      : FrankingAgent.signed(context, "hub.example", ["hub.example"]);
    const hubKey = bytes(each.hub_key);
    const keys = secret
      ? HubKeys.secret(hubKey, bytes(each[secret]))
      : HubKeys.signed(hubKey, bytes(each.signature_private_key), context);
    const cipherSuite = secret ? 0 : each.cipher_suite;
    const frank = { serverFrank: bytes(each.server_frank), cipherSuite, proof: bytes(each[proof]) };
    const acceptedTimestamp = BigInt(each.accepted_timestamp);
    const message = { applicationData, frankingTag, frank, acceptedTimestamp, senderUri, roomUri };
    if (each.valid !== false) {
      seen.valid += 1;
      const commitment = franking.commit(applicationData, senderUri, roomUri);
      assert.equal(hex(commitment.frankingTag), each.franking_tag, each.name);
      franking.verify(agent, message);
      const reported = { applicationData, frank, acceptedTimestamp };
      franking.checkReport(keys, senderUri, roomUri, reported);
      const provider = checkUri(senderUri).host;
      const submission = {
        frankingTag,
        sendingUri: commitment.sendingUri,
        submittedBy: provider,
        presentedNames: [provider],
        roomUri,
        participants: [senderUri],
        usersWithClients: [senderUri],
      };
      const stamped = franking.frank(keys, submission, acceptedTimestamp);
      assert.equal(hex(stamped.serverFrank), each.server_frank, each.name);
      const other = "mimi://b.example/u/other";
      assert.throws(() => franking.checkReport(keys, other, roomUri, reported), MimiError);
    } else if (each.refused_by.includes("receiver")) {
      try {
        const { salt } = franking.commit(applicationData, senderUri, roomUri);
        if (hex(salt) !== each.salt) continue; // The case's tag is another than a receiver computes.
      } catch (error) {
        assert.ok(error instanceof MimiError, each.name);
      }
      refusal(() => franking.verify(agent, message));
      seen.refused += 1;
    }
  }
  assert.ok(seen.valid > 20 && seen.refused > 100, JSON.stringify(seen));
});

test("files: sealed and opened piece by piece, and damaged ones refused", () => {
  const composer = new Composer("mimi://a.example/u/alice", "mimi://a.example/r/club");
  for (const aead of ["aes_128_gcm", "aes_256_gcm", "chacha20_poly1305"]) {
    const content = crypto.getRandomValues(new Uint8Array(5000));
    const sealer = new FileSealer(aead);
    const pieces = [sealer.seal(content.subarray(0, 1234)), sealer.seal(content.subarray(1234))];
    const { tag, file } = sealer.finish("https://a.example/rocket.gif", "image/gif");
    const stored = Buffer.concat([...pieces, tag]);
    assert.equal(refusal(() => sealer.seal(content)).kind, "state");
    const message = composer.file({ ...file, filename: "rocket.gif" }, { text: "Look" });
    const named = message
      .parts()
      .map((_, index) => fileOfMessage(message, index))
      .find((found) => found !== null);
    assert.equal(named.filename, "rocket.gif");
    assert.deepEqual(fileOfMessage(composer.file(file), 0), file);

    const opener = new FileOpener(named);
    for (let at = 0; at < stored.length; at += 999) opener.verify(stored.subarray(at, at + 999));
    assert.equal(opener.verified(), 5000n);
    const opened = Buffer.concat([opener.open(stored.subarray(0, 700)), opener.open(stored.subarray(700))]);
    opener.finish();
    assert.equal(hex(opened), hex(content));

    const damaged = new FileOpener(file);
    stored[17] ^= 1;
    damaged.verify(stored);
    assert.equal(refusal(() => damaged.verified()).kind, "not_authentic");
  }
  assert.throws(() => new FileSealer("rot13"), RangeError);
});

test("receipts and conferences", () => {
  const composer = new Composer("mimi://a.example/u/alice", "mimi://a.example/r/club");
  const id = composer.messageId(composer.message({ text: "Hello" }));
  const receipt = composer.receipt([{ message_id: id, status: 2 }]);
  const read = decodeStatusReport(receipt.content(0)).map(({ message_id, status }) => [message_id, status]);
  assert.deepEqual(read, [[id, 2]]);
  assert.equal(refusal(() => composer.receipt([{ message_id: "short", status: 2 }])).kind, "invalid_input");
  const conference = composer.conference("https://meet.example/1", "Tea");
  assert.equal(conference.toJson().body.url, "https://meet.example/1");
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
