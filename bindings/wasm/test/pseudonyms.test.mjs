// Minimal-metadata rooms: the vectors of identity links, and rooms in which the test plays the MLS stack.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  Commit,
  Connection,
  ConnectionKey,
  ConnectionRequest,
  KnownRoom,
  MimiError,
  PendingConnection,
  PseudonymUses,
  RealClient,
  SealedRoom,
  identityLinkKeysComponent,
  openQueueId,
  parseJson,
  randomPseudonyms,
  safeAad,
  sealQueueId,
} from "mimi-wasm";

import { groupContext, join, u, vec } from "../testing/mls.mjs";

const folder = new URL("../../../test-vectors/vectors/", import.meta.url);
const vectors = (kind) => parseJson(readFileSync(new URL(`${kind}.json`, folder), "utf8")).cases;
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const random = (length) => crypto.getRandomValues(new Uint8Array(length));
const refused = (kind, reason, run) =>
  assert.throws(run, (error) => error instanceof MimiError && error.kind === kind && error.reason === reason);

const SUITE = 1;
const ROOM = "mimi://a.example/r/clubhouse";
const RULES = { wrapperKey: "changes_with_removals" };

// The third vector of a PseudonymousCredential.
const signatureKey = (credential) => {
  let [rest, field] = [Buffer.from(credential)];
  for (let place = 0; place < 3; place += 1) {
    const size = 1 << (rest[0] >> 6);
    const length = rest.readUIntBE(0, size) % 2 ** (8 * size - 2);
    [field, rest] = [rest.subarray(size, size + length), rest.subarray(size + length)];
  }
  return field;
};
const leafNode = (credential) => {
  const capabilities = join(vec(), vec(), vec(), vec(), vec());
  const key = vec(signatureKey(credential));
  return join(vec(), key, u(2, 0xf004), vec(credential), capabilities, u(1, 2), vec(), vec());
};
const ratchetTree = (credential) => vec(u(1, 1), u(1, 1), leafNode(credential));
const commit = (proposals, items, path) => {
  const content = join(
    vec(Buffer.from("group")),
    u(8, 1),
    path ? u(1, 4) : join(u(1, 1), u(4, 0)),
    vec(safeAad(items)),
    u(1, 3),
    vec(...proposals.map((proposal) => join(u(1, 1), proposal))),
    path ? join(u(1, 1), leafNode(path), vec()) : u(1, 0),
  );
  const message = join(u(2, 1), u(2, 1), content, vec(), vec(), path ? Buffer.alloc(0) : vec());
  return Commit.ofPublicMessage(SUITE, message);
};
const add = (credential) => join(u(2, 1), u(2, 1), u(2, SUITE), vec(), leafNode(credential), vec(), vec());
const remove = (leaf) => join(u(2, 3), u(4, leaf));
const update = (data) => join(u(2, 8), u(2, identityLinkKeysComponent()), u(1, 1), vec(data));

// Users with one client each, whose real keys are the vectors', and what vouches for them.
const ofSuite = vectors("identity-link").filter((each) => each.cipher_suite === SUITE);
const keys = ofSuite.filter((each) => each.valid !== false || each.name.includes("wrapped key"));
const directory = new Map();
const check = (credential) => directory.get(hex(credential));
const user = (name, place) => {
  const provider = `${name[0]}.example`;
  const [uri, client] = [`mimi://${provider}/u/${name}`, `mimi://${provider}/d/${name}-phone`];
  const credential = join(u(2, 1), vec(Buffer.from(client)));
  const signaturePublicKey = bytes(keys[place].client_signature_public_key);
  directory.set(hex(credential), { userUri: uri, clientUri: client, signaturePublicKey });
  const real = new RealClient(uri, client, credential, bytes(keys[place].client_signature_private_key));
  const key = ConnectionKey.generate(SUITE);
  return {
    uri,
    real,
    key,
    credential: () => real.issue(randomPseudonyms(provider), random(32), key),
    connection: () => Connection.restore({ cipherSuite: SUITE, userUri: uri, connectionKey: key.expose() }),
  };
};
const [alice, bob, carol] = ["alice", "bob", "carol"].map(user);
const create = (uses = new PseudonymUses()) =>
  KnownRoom.create(ROOM, alice.credential(), alice.key, uses, RULES, check);
const names = (room) => room.members().map((member) => member.userUri);

test("identity links: open or fail as the vectors say", () => {
  const seen = { opened: 0, refused: 0 };
  for (const each of vectors("identity-link")) {
    const suite = each.cipher_suite;
    try {
      ConnectionKey.generate(suite).free();
    } catch {
      continue; // A suite that the package does not have.
    }
    // A basic credential names its client, in a vector of one byte; for the others a directory does.
    const isBasic = each.client_credential.startsWith("0001");
    const named = isBasic ? Buffer.from(each.client_credential.slice(6), "hex").toString() : undefined;
    const client = { userUri: "mimi://a.example/u/alice", clientUri: named ?? "mimi://a.example/d/alice-phone" };
    const signaturePublicKey = bytes(each.client_signature_public_key);
    const own = (credential) =>
      hex(credential) === each.client_credential ? { ...client, signaturePublicKey } : null;
    const credential = bytes(each.pseudonymous_credential);
    let state;
    try {
      const context = groupContext(suite, identityLinkKeysComponent(), vec(u(1, 1), bytes(each.encrypted_identity_link_key)));
      const sealed = SealedRoom.ofGroup(context, ratchetTree(credential));
      [state] = KnownRoom.learn(suite, sealed, bytes(each.identity_link_wrapper_key), {}, own).members();
    } catch (error) {
      assert.ok(error instanceof MimiError, String(error));
    }
    if (state?.state !== "known") {
      assert.equal(each.valid, false, each.name);
      seen.refused += 1;
      continue;
    }
    assert.notEqual(each.valid, false, each.name);
    const parts = { cipherSuite: suite, userUri: client.userUri, connectionKey: bytes(each.connection_key) };
    assert.deepEqual(Connection.restore(parts).identify(credential, own), { state: "known", ...client });
    seen.opened += 1;
  }
  assert.ok(seen.opened > 5 && seen.refused > 20, JSON.stringify(seen));
});

test("rooms: a user is added and removed, and the wrapper key changes", () => {
  const room = create();
  const hub = room.sealed();
  const credential = bob.credential();
  const change = room.changeMembers([{ connection: bob.connection(), credentials: [credential] }], [], check);
  assert.deepEqual(change.added.map((member) => [member.leafIndex, member.userUri]), [[1, bob.uri]]);
  const message = commit([add(credential), update(change.update)], [change.safeAadItem]);
  assert.equal(message.epoch(), 1n);
  assert.deepEqual(hub.judge(message), room.judge(message));
  const changes = hub.follow(message);
  assert.deepEqual([changes.added, hex(changes.identityLinkKeys)], [[1], hex(hub.identityLinkKeys())]);
  assert.deepEqual(room.follow(message, check).changed, [1]);
  assert.deepEqual(names(room), [alice.uri, bob.uri]);
  const wrapperKey = room.wrapperKey();
  assert.equal(hex(room.welcomeExtension()), hex(vec(wrapperKey)));
  assert.deepEqual(names(KnownRoom.learn(SUITE, hub, wrapperKey, RULES, check)), names(room));
  const listed = room.members().map((member) => member.userPseudonym);
  hub.checkParticipants(listed);
  assert.equal(room.pseudonymOf(bob.uri), listed[1]);
  assert.equal(room.pseudonymOf(carol.uri), null);
  refused("not_allowed", "UnknownParticipant", () => hub.checkParticipants(listed.slice(0, 1)));

  const removal = commit([remove(1), update(room.changeMembers([], [1], check).update)], []);
  assert.ok(hub.follow(removal).beginsRotation && room.follow(removal, check).beginsRotation);
  assert.ok(hub.isRotationPending() && hub.withPendingRotation().isRotationPending());
  const added = [{ connection: carol.connection(), credentials: [carol.credential()] }];
  refused("not_allowed", "RotationPending", () => room.changeMembers(added, [], check));
  refused("state", "NoWrapperKey", () => room.rewrap());
  room.setNextWrapperKey(random(32), Buffer.from("group"), 2);
  const rewrap = commit([update(room.rewrap())], []);
  assert.ok(hub.follow(rewrap).isRewrap);
  assert.equal(room.follow(rewrap, check).wrongRewrapBy, null);
  assert.notEqual(hex(room.wrapperKey()), hex(wrapperKey));
});

test("rooms: a client joins, and a credential serves one room", () => {
  const uses = new PseudonymUses();
  const room = create(uses);
  const hub = room.sealed();
  const joiner = { roomUri: ROOM, credential: bob.credential(), connectionKey: bob.key };
  const joined = hub.joinExternally(room.wrapperKey(), joiner, uses);
  assert.equal(joined.leafIndex, 1);
  const message = commit([update(joined.update)], [joined.safeAadItem], joiner.credential);
  hub.follow(message);
  assert.deepEqual(room.follow(message, check).failed, []);
  assert.deepEqual(names(room), [alice.uri, bob.uri]);
  refused("not_authentic", "StaleWrapperKey", () =>
    hub.joinExternally(new Uint8Array(32), joiner, new PseudonymUses()),
  );

  const other = "mimi://a.example/r/other";
  refused("not_allowed", "PseudonymReused", () => uses.record(other, joiner.credential));
  assert.deepEqual(uses.recordLastResort(other, joiner.credential), [ROOM]);
  uses.forgetRoom(other);
  uses.record(ROOM, joiner.credential);

  const renewed = room.renew(0, random(32), alice.real, alice.key);
  assert.equal(alice.connection().identify(renewed.credential, check).userUri, alice.uri);
  assert.ok(renewed.update.length > 0 && room.setOwnKey(0, alice.key).length > 0);
  assert.ok(room.consent(0, random(32), Buffer.from("group"), 7, joiner.credential).length > 64);
  const pseudonyms = randomPseudonyms("a.example");
  assert.ok(alice.real.issueUnlinked(SUITE, pseudonyms, random(32)).length < joiner.credential.length);
});

test("connections: asked for, stored and rotated", () => {
  const given = vectors("connection").find((each) => each.cipher_suite === SUITE);
  const [privateKey, publicKey] = [bytes(given.responder_private_key), bytes(given.responder_public_key)];
  const room = create();
  const pending = PendingConnection.request({
    responderUri: bob.uri,
    establishmentKey: publicKey,
    requester: alice.real,
    connectionKey: alice.key,
    connectionRoomUri: ROOM,
    connectionRoom: room,
  });
  const sealed = pending.sealedRequest();
  const request = ConnectionRequest.open(SUITE, bob.uri, privateKey, sealed);
  assert.equal(Buffer.from(request.connectionRoomId()).toString(), ROOM);
  const stored = PendingConnection.restore(pending.parts());
  assert.equal(stored.sealedRequest(), null);
  assert.deepEqual(stored.parts(), pending.parts());
  refused("not_authentic", "RequestDoesNotOpen", () =>
    ConnectionRequest.open(SUITE, "mimi://c.example/u/carol", privateKey, sealed),
  );
  assert.throws(() => request.verify(Buffer.from("no GroupInfo"), new Uint8Array(), check), MimiError);

  // Bob is in the room, and takes another key.
  const credential = bob.credential();
  const joiner = { roomUri: ROOM, credential, connectionKey: bob.key };
  const joined = room.sealed().joinExternally(room.wrapperKey(), joiner, new PseudonymUses());
  room.follow(commit([update(joined.update)], [joined.safeAadItem], credential), check);
  const key = ConnectionKey.generate(SUITE);
  const rotated = room.rotateConnection(bob.connection(), 1, key.rotationMessage());
  const parts = rotated.parts();
  assert.deepEqual([hex(parts.connectionKey), hex(parts.previous)], [hex(key.expose()), hex(bob.key.expose())]);
  assert.equal(parts.retired.length, 1);
  assert.deepEqual(Connection.restore(parts).parts(), parts);
  assert.equal(rotated.forgetPrevious().parts().previous, null);
  const old = bob.key.rotationMessage();
  refused("not_allowed", "RetiredConnectionKey", () => room.rotateConnection(rotated, 1, old));

  const queue = sealQueueId(SUITE, publicKey, Buffer.from("queue 7"), "mimi://a.example/d/1");
  assert.equal(Buffer.from(openQueueId(SUITE, privateKey, queue, "mimi://a.example/d/1")).toString(), "queue 7");
  assert.match(bob.key.tokenTarget(bob.uri, "b.example"), /^mimi:\/\/b\.example\/u\/[0-9a-f]{64}$/);
  assert.equal(hex(ConnectionKey.of(SUITE, bob.key.expose()).expose()), hex(bob.key.expose()));
});

test("a check that throws, or answers nonsense, vouches for nothing", () => {
  const broken = [
    () => {
      throw new Error("the directory is away");
    },
    () => ({ userUri: 7, clientUri: alice.uri, signaturePublicKey: "key" }),
  ];
  for (const each of broken) {
    const room = KnownRoom.create(ROOM, alice.credential(), alice.key, new PseudonymUses(), {}, each);
    assert.equal(room.members()[0].error.reason, "CredentialRefused");
  }
});
