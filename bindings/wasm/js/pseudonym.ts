import * as wasm from "./mimi_wasm.js";
import { Handle, call, drawn, parsed, plain } from "./handle.js";
import type * as t from "./types.js";

/** What vouches for real credentials gets an encoded Credential (RFC 9420 §5.3), and returns whose it is, or nothing. */
export type CredentialCheck = (credential: Uint8Array) => t.CheckedClient | null | undefined;

/** A client that joins by an external commit. */
export interface Joiner {
  roomUri: string;
  /** The joiner's encoded PseudonymousCredential for it. */
  credential: Uint8Array;
  /** The connection key with which its link is made. */
  connectionKey: ConnectionKey;
  /** The leaves that the commit removes: the client's own earlier one. */
  removed?: number[];
}

/** A connected user who is to be added. */
export interface AddedUser {
  connection: Connection;
  /** The encoded PseudonymousCredentials of its KeyPackages, in the order of the commit's Add proposals. */
  credentials: Uint8Array[];
}

/** A connection that is asked for. */
export interface NewConnection {
  responderUri: string;
  /** The user's connection establishment key. */
  establishmentKey: Uint8Array;
  requester: RealClient;
  connectionKey: ConnectionKey;
  /** The room that the requester has created with all of its user's clients. */
  connectionRoomUri: string;
  connectionRoom: KnownRoom;
}

function rawCheck(check: CredentialCheck): (credential: Uint8Array) => unknown {
  return (credential) => {
    const found = check(credential);
    return found ? [found.userUri, found.clientUri, found.signaturePublicKey] : undefined;
  };
}

/** New pseudonyms under a provider's domain, for one room. */
export function randomPseudonyms(provider: string, seed = drawn(32)): t.Pseudonyms {
  return call(() => plain(wasm.randomPseudonyms(provider, seed), "userPseudonym", "clientPseudonym"));
}

/** A message's SafeAAD with these encoded items, in their order. */
export function safeAad(items: Uint8Array[]): Uint8Array {
  return call(() => wasm.safeAad(items));
}

/** The component of the wrapped keys: that of the AppDataUpdate with an `update`. */
export const identityLinkKeysComponent = (): number => wasm.identityLinkKeysComponent();

/** The wrapper key that the encoded GroupInfo inside a Welcome brings. */
export function wrapperKeyOfWelcome(groupInfo: Uint8Array): Uint8Array {
  return call(() => wasm.wrapperKeyOfWelcome(groupInfo));
}

/** Seals a client's queue ID, at most 63 bytes, to its provider, for the leaf with this client pseudonym. */
export function sealQueueId(
  cipherSuite: number,
  providerKey: Uint8Array,
  queueId: Uint8Array,
  clientPseudonym: string,
  seed = drawn(32),
): Uint8Array {
  return call(() => wasm.sealQueueId(cipherSuite, providerKey, queueId, clientPseudonym, seed));
}

/** Opens the sealed queue ID of the client with this pseudonym, at its provider. */
export function openQueueId(
  cipherSuite: number,
  privateKey: Uint8Array,
  sealed: Uint8Array,
  clientPseudonym: string,
): Uint8Array {
  return call(() => wasm.openQueueId(cipherSuite, privateKey, sealed, clientPseudonym));
}

/** The key that a user gives to those with whom it is connected. */
export class ConnectionKey extends Handle<wasm.ConnectionKey> {
  static generate(cipherSuite: number, seed = drawn(32)): ConnectionKey {
    return new ConnectionKey(call(() => wasm.ConnectionKey.generate(cipherSuite, seed)));
  }

  /** The key with these KDF.Nh bytes: 32, 48 or 64. */
  static of(cipherSuite: number, bytes: Uint8Array): ConnectionKey {
    return new ConnectionKey(call(() => new wasm.ConnectionKey(cipherSuite, bytes)));
  }

  /** The key in clear, to store, and for the user's other clients. */
  expose(): Uint8Array {
    return this.raw.expose();
  }

  /** What a user with this new key sends to its connections, as application data of the connection room. */
  rotationMessage(): Uint8Array {
    return call(() => this.raw.rotationMessage());
  }

  /** The `target_user` of a KeyMaterialRequest for the KeyPackages that this user has uploaded for its connections. */
  tokenTarget(userUri: string, provider: string): string {
    return call(() => this.raw.tokenTarget(userUri, provider));
  }
}

/** A client by its real names, with the key that its real credential vouches for. */
export class RealClient extends Handle<wasm.RealClient> {
  constructor(userUri: string, clientUri: string, credential: Uint8Array, privateKey: Uint8Array) {
    super(call(() => new wasm.RealClient(userUri, clientUri, credential, privateKey)));
  }

  /** An encoded PseudonymousCredential for one room or KeyPackage. The key is a new one, used there alone. */
  issue(
    pseudonyms: t.Pseudonyms,
    signaturePublicKey: Uint8Array,
    connectionKey: ConnectionKey,
    seed = drawn(32),
  ): Uint8Array {
    const { userPseudonym, clientPseudonym } = pseudonyms;
    return call(() => this.raw.issue(userPseudonym, clientPseudonym, signaturePublicKey, connectionKey.raw, seed));
  }

  /** A credential that shows its identity to no member, for rooms that allow it. */
  issueUnlinked(cipherSuite: number, pseudonyms: t.Pseudonyms, signaturePublicKey: Uint8Array): Uint8Array {
    const { userPseudonym, clientPseudonym } = pseudonyms;
    return call(() => this.raw.issueUnlinked(cipherSuite, userPseudonym, clientPseudonym, signaturePublicKey));
  }
}

/** The rooms in which a client has used each of its pseudonyms and keys: one that is used twice links the two. */
export class PseudonymUses extends Handle<wasm.PseudonymUses> {
  constructor() {
    super(new wasm.PseudonymUses());
  }

  record(roomUri: string, credential: Uint8Array): void {
    call(() => this.raw.record(roomUri, credential));
  }

  /** Notes the use of a credential of a KeyPackage of last resort; returns the other rooms that it links. */
  recordLastResort(roomUri: string, credential: Uint8Array): string[] {
    return call(() => this.raw.recordLastResort(roomUri, credential));
  }

  forgetRoom(roomUri: string): void {
    call(() => this.raw.forgetRoom(roomUri));
  }
}

/** A commit with the proposals that it names. Your MLS stack has verified who sent each of them. */
export class Commit extends Handle<wasm.Commit> {
  /** The commit in an MLSMessage with a PublicMessage; `waiting` are messages of proposals that it may name. */
  static ofPublicMessage(cipherSuite: number, message: Uint8Array, waiting: Uint8Array[] = []): Commit {
    return new Commit(call(() => wasm.Commit.ofPublicMessage(cipherSuite, message, waiting)));
  }

  /** The commit in an AuthenticatedContent, as a stack has decrypted it; `waiting` are such contents of proposals. */
  static ofAuthenticatedContent(cipherSuite: number, content: Uint8Array, waiting: Uint8Array[] = []): Commit {
    return new Commit(call(() => wasm.Commit.ofAuthenticatedContent(cipherSuite, content, waiting)));
  }

  epoch(): bigint {
    return this.raw.epoch();
  }
}

function changes(run: () => wasm.CommitChanges): t.CommitChanges {
  return call(() => {
    const { added, removed, updated, ...rest } = plain(
      run(),
      "added",
      "removed",
      "updated",
      "isRewrap",
      "beginsRotation",
      "identityLinkKeys",
    );
    return { added: [...added], removed: [...removed], updated: [...updated], ...rest };
  });
}

/** A room as all parties have it, the hub too: pseudonyms and wrapped keys, and no key to them. */
export class SealedRoom extends Handle<wasm.SealedRoom> {
  /** The room of a group, by its encoded GroupContext and ratchet tree, which are authentic. */
  static ofGroup(groupContext: Uint8Array, ratchetTree: Uint8Array, rules: t.RoomRules = {}): SealedRoom {
    const changing = rules.wrapperKey === "changes_with_removals";
    return new SealedRoom(call(() => wasm.SealedRoom.ofGroup(groupContext, ratchetTree, changing)));
  }

  /** The same room from storage, in which a change of the wrapper key was pending. */
  withPendingRotation(): SealedRoom {
    return new SealedRoom(this.raw.withPendingRotation());
  }

  isRotationPending(): boolean {
    return this.raw.isRotationPending();
  }

  /** Judges a commit by the public rules, and changes nothing. */
  judge(commit: Commit): t.CommitChanges {
    return changes(() => this.raw.judge(commit.raw));
  }

  /** Applies a commit. If it is refused, nothing changes. */
  follow(commit: Commit): t.CommitChanges {
    return changes(() => this.raw.follow(commit.raw));
  }

  /** Refuses a room in which a user pseudonym is not on the participant list. */
  checkParticipants(participants: string[]): void {
    call(() => this.raw.checkParticipants(participants));
  }

  /** The encoded IdentityLinkKeysData of the room. */
  identityLinkKeys(): Uint8Array {
    return call(() => this.raw.identityLinkKeys());
  }

  /** Wraps the key of a client that joins by an external commit; its credential is noted in `uses`. */
  joinExternally(wrapperKey: Uint8Array, joiner: Joiner, uses: PseudonymUses, seed = drawn(32)): t.ExternalJoin {
    const { roomUri, credential, connectionKey, removed = [] } = joiner;
    const leaves = Uint32Array.from(removed);
    return call(() =>
      plain(
        this.raw.joinExternally(wrapperKey, roomUri, credential, connectionKey.raw, leaves, uses.raw, seed),
        "leafIndex",
        "safeAadItem",
        "update",
      ),
    );
  }
}

/** A room as a member knows it: who is at each leaf. */
export class KnownRoom extends Handle<wasm.KnownRoom> {
  /** A new room with its creator at leaf 0, under the creator's encoded credential. */
  static create(
    roomUri: string,
    credential: Uint8Array,
    connectionKey: ConnectionKey,
    uses: PseudonymUses,
    rules: t.RoomRules,
    check: CredentialCheck,
    seed = drawn(32),
  ): KnownRoom {
    const { wrapperKey = "static", identityLinks = "required" } = rules;
    const changing = wrapperKey === "changes_with_removals";
    const [key, noted, asked] = [connectionKey.raw, uses.raw, rawCheck(check)];
    return new KnownRoom(
      call(() => wasm.KnownRoom.create(roomUri, credential, key, noted, changing, identityLinks, asked, seed)),
    );
  }

  /** The room that a client has joined, with the wrapper key of its Welcome or join link. */
  static learn(
    cipherSuite: number,
    sealed: SealedRoom,
    wrapperKey: Uint8Array,
    rules: t.RoomRules,
    check: CredentialCheck,
    seed = drawn(32),
  ): KnownRoom {
    const { identityLinks = "required" } = rules;
    const asked = rawCheck(check);
    return new KnownRoom(
      call(() => wasm.KnownRoom.learn(cipherSuite, sealed.raw, wrapperKey, identityLinks, asked, seed)),
    );
  }

  /** The public side of the room. */
  sealed(): SealedRoom {
    return new SealedRoom(this.raw.sealed());
  }

  /** All members, in the order of their leaves. */
  members(): t.Member[] {
    return parsed(() => this.raw.members());
  }

  /** The user pseudonym of a real user in this room; `null` if the room does not know it. */
  pseudonymOf(userUri: string): string | null {
    return call(() => this.raw.pseudonymOf(userUri)) ?? null;
  }

  /** The room's wrapper key in clear, to store, and for join links. */
  wrapperKey(): Uint8Array {
    return this.raw.wrapperKey();
  }

  /** The encoded IdentityLinkExtension for the GroupInfo inside a Welcome, and for no other. */
  welcomeExtension(): Uint8Array {
    return call(() => this.raw.welcomeExtension());
  }

  /** Judges a commit by the public rules, as the hub does, and changes nothing. */
  judge(commit: Commit): t.CommitChanges {
    return changes(() => this.raw.judge(commit.raw));
  }

  /** Follows a commit, and opens the links of the leaves that it changes. If it is refused, nothing changes. */
  follow(commit: Commit, check: CredentialCheck): t.Followed {
    return parsed(() => this.raw.follow(commit.raw, rawCheck(check)));
  }

  /** What goes with a commit that removes the clients at these leaves and adds these users. */
  changeMembers(
    users: AddedUser[],
    removed: number[],
    check: CredentialCheck,
    seed = drawn(32),
  ): t.MembersChange {
    const added = new wasm.AddedUsers();
    try {
      for (const { connection, credentials } of users) added.push(connection.raw, credentials);
      const leaves = Uint32Array.from(removed);
      const made = call(() => this.raw.changeMembers(added, leaves, rawCheck(check), seed));
      const { safeAadItem, update, added: members } = plain(made, "safeAadItem", "update", "added");
      return { safeAadItem: safeAadItem ?? null, update: update ?? null, added: parsed(() => members) };
    } finally {
      added.free();
    }
  }

  /** Sets the wrapper key of the epoch that began a change of it, by the exporter's secret of the component. */
  setNextWrapperKey(componentSecret: Uint8Array, groupId: Uint8Array, epoch: t.Integer): void {
    call(() => this.raw.setNextWrapperKey(componentSecret, groupId, BigInt(epoch)));
  }

  /** The encoded IdentityLinkKeysUpdate that puts all keys under the wrapper key that the members share. */
  rewrap(seed = drawn(32)): Uint8Array {
    return call(() => this.raw.rewrap(seed));
  }

  /** The encoded IdentityLinkKeysUpdate by which the member at a leaf sets its own key. */
  setOwnKey(leafIndex: number, connectionKey: ConnectionKey, seed = drawn(32)): Uint8Array {
    return call(() => this.raw.setOwnKey(leafIndex, connectionKey.raw, seed));
  }

  /** Another credential for the client's own leaf, with the same pseudonyms. */
  renew(
    leafIndex: number,
    signaturePublicKey: Uint8Array,
    real: RealClient,
    connectionKey: ConnectionKey,
    seed = drawn(32),
  ): t.Renewed {
    const made = () => this.raw.renew(leafIndex, signaturePublicKey, real.raw, connectionKey.raw, seed);
    return call(() => plain(made(), "credential", "update"));
  }

  /** The encoded SafeAAD item by which the client at a leaf consents to another client of its user. */
  consent(
    leafIndex: number,
    privateKey: Uint8Array,
    groupId: Uint8Array,
    lastEpoch: t.Integer,
    joiner: Uint8Array,
    seed = drawn(32),
  ): Uint8Array {
    return call(() => this.raw.consent(leafIndex, privateKey, groupId, BigInt(lastEpoch), joiner, seed));
  }

  /** The connection with a user who says in the connection room that its key is another. */
  rotateConnection(connection: Connection, senderLeaf: number, message: Uint8Array): Connection {
    return new Connection(call(() => this.raw.rotateConnection(connection.raw, senderLeaf, message)));
  }
}

/** A user with whom keys were exchanged. */
export class Connection extends Handle<wasm.Connection> {
  /** A connection from storage. */
  static restore(parts: t.ConnectionParts): Connection {
    const { cipherSuite, userUri, connectionKey, previous, retired = [] } = parts;
    return new Connection(
      call(() => wasm.Connection.restore(cipherSuite, userUri, connectionKey, previous ?? undefined, retired)),
    );
  }

  /** What to store. It holds secrets. */
  parts(): Required<t.ConnectionParts> {
    const { previous, ...rest } = plain(
      this.raw.parts(),
      "cipherSuite",
      "userUri",
      "connectionKey",
      "previous",
      "retired",
    );
    return { previous: previous ?? null, ...rest };
  }

  /** The client that an encoded PseudonymousCredential of this user is for. */
  identify(credential: Uint8Array, check: CredentialCheck): t.MemberState {
    return parsed(() => this.raw.identify(credential, rawCheck(check)));
  }

  /** Forgets the key from before the last rotation, once no KeyPackage of that time is left. */
  forgetPrevious(): Connection {
    return new Connection(this.raw.forgetPrevious());
  }
}

/** A request for a connection that was not answered yet. */
export class PendingConnection extends Handle<wasm.PendingConnection> {
  /** Asks a user for a connection, with the connection room that the requester has created. */
  static request(request: NewConnection, seed = drawn(32)): PendingConnection {
    const { responderUri, establishmentKey, requester, connectionKey, connectionRoomUri, connectionRoom } = request;
    const [client, key, room] = [requester.raw, connectionKey.raw, connectionRoom.raw];
    return new PendingConnection(
      call(() =>
        wasm.PendingConnection.request(responderUri, establishmentKey, client, key, connectionRoomUri, room, seed),
      ),
    );
  }

  /** A pending connection from storage. */
  static restore(parts: t.PendingParts): PendingConnection {
    const { cipherSuite, responderUri, connectionRoomUri, responsePrivateKey } = parts;
    return new PendingConnection(
      call(() => wasm.PendingConnection.restore(cipherSuite, responderUri, connectionRoomUri, responsePrivateKey)),
    );
  }

  /** The encoded HPKECiphertext for the user's provider; `null` after `restore`. */
  sealedRequest(): Uint8Array | null {
    return this.raw.sealedRequest() ?? null;
  }

  /** What to store. It holds a secret. */
  parts(): t.PendingParts {
    return plain(this.raw.parts(), "cipherSuite", "responderUri", "connectionRoomUri", "responsePrivateKey");
  }

  /** The user has joined the connection room at this leaf, with `response` in its commit's SafeAAD. */
  accept(
    response: Uint8Array,
    room: KnownRoom,
    leafIndex: number,
    check: CredentialCheck,
    earlier?: Connection,
  ): Connection {
    return new Connection(
      call(() => this.raw.accept(response, room.raw, leafIndex, earlier?.raw.copy(), rawCheck(check))),
    );
  }
}

/** A request that was opened. It is not signed: look at the connection room with `verify`. */
export class ConnectionRequest extends Handle<wasm.ConnectionRequest> {
  static open(
    cipherSuite: number,
    responderUri: string,
    privateKey: Uint8Array,
    sealed: Uint8Array,
  ): ConnectionRequest {
    return new ConnectionRequest(
      call(() => wasm.ConnectionRequest.open(cipherSuite, responderUri, privateKey, sealed)),
    );
  }

  /** The room to fetch from the requester's provider, as the request names it. */
  connectionRoomId(): Uint8Array {
    return this.raw.connectionRoomId();
  }

  /** Looks at the connection room, by its encoded GroupInfo and ratchet tree. Uses the request up. */
  verify(groupInfo: Uint8Array, ratchetTree: Uint8Array, check: CredentialCheck): VerifiedConnectionRequest {
    return new VerifiedConnectionRequest(call(() => this.raw.verify(groupInfo, ratchetTree, rawCheck(check))));
  }
}

/** A request whose room has only clients of the user who asks. */
export class VerifiedConnectionRequest extends Handle<wasm.VerifiedConnectionRequest> {
  /** The user who asks, and its client. */
  requester(): { userUri: string; clientUri: string } {
    return { userUri: this.raw.userUri(), clientUri: this.raw.clientUri() };
  }

  /** The room to join. */
  connectionRoomUri(): string {
    return this.raw.connectionRoomUri();
  }

  /** That room's wrapper key, for `SealedRoom.joinExternally`. */
  wrapperKey(): Uint8Array {
    return this.raw.wrapperKey();
  }

  /** Says yes, and uses the request up: the connection, and the encoded item for the external commit's SafeAAD. */
  accept(
    ownConnectionKey: ConnectionKey,
    earlier?: Connection,
    seed = drawn(32),
  ): { connection: Connection; safeAadItem: Uint8Array } {
    const accepted = call(() => this.raw.accept(ownConnectionKey.raw, earlier?.raw.copy(), seed));
    const made = { connection: new Connection(accepted.connection()), safeAadItem: accepted.safeAadItem() };
    accepted.free();
    return made;
  }
}
