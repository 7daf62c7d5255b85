"""Minimal-metadata rooms: the vectors of identity links, and rooms in which the test plays the MLS stack."""

import json
import secrets
from pathlib import Path

import pytest

import mimi

VECTORS = Path(__file__).resolve().parents[3] / "test-vectors" / "vectors"
ALICE, PHONE, ROOM = "mimi://a.example/u/alice", "mimi://a.example/d/alice-phone", "mimi://a.example/r/clubhouse"
SUITE = 1


def seed():
    return secrets.token_bytes(32)


def cases(kind):
    return json.loads((VECTORS / f"{kind}.json").read_text(encoding="utf-8"))["cases"]


# The structs of RFC 9420, as far as a room needs them.


def u(size, number):
    return number.to_bytes(size, "big")


def vec(*parts):
    body = b"".join(parts)
    if len(body) < 64:
        return u(1, len(body)) + body
    return u(2, len(body) | 0x4000) + body if len(body) < 16384 else u(4, len(body) | 0x80000000) + body


def group_context(suite, identity_link_keys):
    dictionary = vec(u(2, mimi.identity_link_keys_component()), vec(identity_link_keys))
    extensions = vec(u(2, 6), vec(dictionary))
    return u(2, 1) + u(2, suite) + vec(b"group") + u(8, 1) + vec() + vec() + extensions


def signature_key(credential):
    """The third vector of a PseudonymousCredential."""
    rest = credential
    for _ in range(3):
        size = rest[0] >> 6
        length = int.from_bytes(rest[: 1 << size], "big") & ((1 << (8 * (1 << size) - 2)) - 1)
        field, rest = rest[1 << size :][:length], rest[(1 << size) + length :]
    return field


def leaf_node(credential):
    capabilities = vec() * 5
    key = vec(signature_key(credential))
    return vec() + key + u(2, 0xF004) + vec(credential) + capabilities + u(1, 2) + vec() + vec()


def ratchet_tree(*credentials):
    nodes = [u(1, 1) + u(1, 1) + leaf_node(credential) for credential in credentials]
    return vec(b"\0".join(nodes))


def commit(proposals, items, path=None):
    sender = u(1, 4) if path else u(1, 1) + u(4, 0)
    content = vec(b"group") + u(8, 1) + sender + vec(mimi.safe_aad(items)) + u(1, 3)
    content += vec(*(u(1, 1) + proposal for proposal in proposals))
    content += u(1, 1) + leaf_node(path) + vec() if path else u(1, 0)
    message = u(2, 1) + u(2, 1) + content + vec() + vec() + (b"" if path else vec())
    return mimi.Commit.of_public_message(SUITE, message, [])


def add(credential):
    return u(2, 1) + u(2, 1) + u(2, SUITE) + vec() + leaf_node(credential) + vec() + vec()


def remove(leaf):
    return u(2, 3) + u(4, leaf)


def update(data):
    return u(2, 8) + u(2, mimi.identity_link_keys_component()) + u(1, 1) + vec(data)


class Directory(mimi.CredentialCheck):
    """Vouches for the real clients that it has."""

    def __init__(self):
        self.clients = {}

    def check(self, credential):
        return self.clients.get(credential)


class User:
    """A user with one client, whose real key is one of the vectors'."""

    def __init__(self, name, case, directory):
        self.provider = f"{name[0]}.example"
        self.uri, client = f"mimi://{self.provider}/u/{name}", f"mimi://{self.provider}/d/{name}-phone"
        credential = u(2, 1) + vec(client.encode())
        key = bytes.fromhex(case["client_signature_public_key"])
        directory.clients[credential] = mimi.CheckedClient(
            user_uri=self.uri, client_uri=client, signature_public_key=key
        )
        private = bytes.fromhex(case["client_signature_private_key"])
        self.real = mimi.RealClient(self.uri, client, credential, private)
        self.key = mimi.ConnectionKey.generate(SUITE, seed())

    def credential(self, pseudonyms=None):
        pseudonyms = pseudonyms or mimi.random_pseudonyms(self.provider, seed())
        return self.real.issue(pseudonyms, secrets.token_bytes(32), self.key, seed())

    def connection(self):
        return mimi.Connection.restore(
            mimi.ConnectionParts(cipher_suite=SUITE, user_uri=self.uri, connection_key=self.key.expose())
        )


@pytest.fixture
def directory():
    return Directory()


@pytest.fixture
def users(directory):
    of_suite = [case for case in cases("identity-link") if case["cipher_suite"] == SUITE]
    # Where only a wrapped key is wrong, the real key is right.
    keys = [case for case in of_suite if case.get("valid", True) or "wrapped key" in case["name"]]
    return [User(name, case, directory) for name, case in zip(["alice", "bob", "carol"], keys)]


def create(alice, directory, uses=None, rule=mimi.WrapperKeyRule.CHANGES_WITH_REMOVALS):
    uses = uses or mimi.PseudonymUses()
    policy = mimi.LinkPolicy.REQUIRED
    return mimi.KnownRoom.create(ROOM, alice.credential(), alice.key, uses, rule, policy, directory, seed())


def names(room):
    return [member.state.user_uri for member in room.members() if member.state.is_known()]


def test_vectors_of_identity_links(directory):
    opened = refused = 0
    for case in cases("identity-link"):
        data = {name: bytes.fromhex(value) for name, value in case.items() if name.startswith(("client_c", "client_s"))}
        real = data["client_credential"]
        # A basic credential names its client, in a vector of one byte; for the others a directory does.
        named = real[3:].decode() if real[:2] == u(2, 1) else PHONE
        key = data["client_signature_public_key"]
        directory.clients = {real: mimi.CheckedClient(user_uri=ALICE, client_uri=named, signature_public_key=key)}
        suite, credential = case["cipher_suite"], bytes.fromhex(case["pseudonymous_credential"])
        try:
            mimi.ConnectionKey.generate(suite, seed())
        except mimi.MimiError.InvalidInput:
            continue  # A suite that the package does not have.
        wrapped = bytes.fromhex(case["encrypted_identity_link_key"])
        try:
            context = group_context(suite, vec(u(1, 1) + wrapped))
            sealed = mimi.SealedRoom.of_group(context, ratchet_tree(credential), mimi.WrapperKeyRule.STATIC)
            wrapper_key = bytes.fromhex(case["identity_link_wrapper_key"])
            policy = mimi.LinkPolicy.REQUIRED
            room = mimi.KnownRoom.learn(suite, sealed, wrapper_key, policy, directory, seed())
            state = room.members()[0].state
        except mimi.MimiError:
            state = None
        if state is None or state.is_failed():
            assert not case.get("valid", True), case["name"]
            refused += 1
            continue
        assert case.get("valid", True), case["name"]
        assert (state.user_uri, state.client_uri) == (ALICE, PHONE)
        parts = mimi.ConnectionParts(
            cipher_suite=suite, user_uri=ALICE, connection_key=bytes.fromhex(case["connection_key"])
        )
        assert mimi.Connection.restore(parts).identify(credential, directory) == state
        opened += 1
    assert opened > 5 and refused > 20


def test_a_user_is_added_and_removed(users, directory):
    alice, bob, carol = users
    room = create(alice, directory)
    hub = room.sealed()
    credential = bob.credential()
    added = mimi.AddedUser(connection=bob.connection(), credentials=[credential])
    change = room.change_members([added], [], directory, seed())
    assert [member.state.user_uri for member in change.added] == [bob.uri]
    message = commit([add(credential), update(change.update)], [change.safe_aad_item])
    assert message.epoch() == 1
    assert hub.judge(message) == room.judge(message)
    changes = hub.follow(message)
    assert (changes.added, changes.identity_link_keys) == ([1], hub.identity_link_keys())
    assert room.follow(message, directory).changed == [1]
    assert names(room) == [alice.uri, bob.uri]
    wrapper_key = room.wrapper_key()
    assert room.welcome_extension() == vec(wrapper_key)
    bobs = mimi.KnownRoom.learn(SUITE, hub, wrapper_key, mimi.LinkPolicy.REQUIRED, directory, seed())
    assert names(bobs) == names(room)
    listed = [member.user_pseudonym for member in room.members()]
    hub.check_participants(listed)
    assert room.pseudonym_of(bob.uri) == listed[1]
    with pytest.raises(mimi.MimiError.NotAllowed) as error:
        hub.check_participants(listed[:1])
    assert error.value.reason == "UnknownParticipant"

    change = room.change_members([], [1], directory, seed())
    removal = commit([remove(1), update(change.update)], [])
    assert hub.follow(removal).begins_rotation and room.follow(removal, directory).begins_rotation
    assert hub.is_rotation_pending() and hub.with_pending_rotation().is_rotation_pending()
    added = mimi.AddedUser(connection=carol.connection(), credentials=[carol.credential()])
    with pytest.raises(mimi.MimiError.NotAllowed):
        room.change_members([added], [], directory, seed())
    with pytest.raises(mimi.MimiError.State):
        room.rewrap(seed())
    room.set_next_wrapper_key(secrets.token_bytes(32), b"group", 2)
    rewrap = commit([update(room.rewrap(seed()))], [])
    assert hub.follow(rewrap).is_rewrap
    assert room.follow(rewrap, directory).wrong_rewrap_by is None
    assert room.wrapper_key() != wrapper_key


def test_a_client_joins_and_a_credential_serves_one_room(users, directory):
    alice, bob, _ = users
    uses = mimi.PseudonymUses()
    room = create(alice, directory, uses)
    hub, credential = room.sealed(), bob.credential()
    join = hub.join_externally(room.wrapper_key(), ROOM, credential, bob.key, [], uses, seed())
    assert join.leaf_index == 1
    message = commit([update(join.update)], [join.safe_aad_item], path=credential)
    hub.follow(message)
    assert room.follow(message, directory).changed == [1]
    assert names(room) == [alice.uri, bob.uri]
    with pytest.raises(mimi.MimiError.NotAuthentic) as error:
        hub.join_externally(bytes(32), ROOM, credential, bob.key, [], mimi.PseudonymUses(), seed())
    assert error.value.reason == "StaleWrapperKey"

    other = "mimi://a.example/r/other"
    with pytest.raises(mimi.MimiError.NotAllowed):
        uses.record(other, credential)
    assert uses.record_last_resort(other, credential) == [ROOM]
    uses.forget_room(other)
    uses.record(ROOM, credential)

    renewed = room.renew(0, secrets.token_bytes(32), alice.real, alice.key, seed())
    assert alice.connection().identify(renewed.credential, directory).user_uri == alice.uri
    room.set_own_key(0, alice.key, seed())
    room.consent(0, secrets.token_bytes(32), b"group", 7, credential, seed())


def test_a_connection_is_asked_for_stored_and_rotated(users, directory):
    alice, bob, _ = users
    keys = next(case for case in cases("connection") if case["cipher_suite"] == SUITE)
    private, public = (bytes.fromhex(keys[f"responder_{which}_key"]) for which in ["private", "public"])
    room = create(alice, directory)
    pending = mimi.PendingConnection.request(bob.uri, public, alice.real, alice.key, ROOM, room, seed())
    request = mimi.ConnectionRequest.open(SUITE, bob.uri, private, pending.sealed_request())
    assert request.connection_room_id() == ROOM.encode()
    stored = mimi.PendingConnection.restore(pending.parts())
    assert stored.sealed_request() is None and stored.parts() == pending.parts()
    with pytest.raises(mimi.MimiError.NotAuthentic):
        mimi.ConnectionRequest.open(SUITE, "mimi://c.example/u/carol", private, pending.sealed_request())
    with pytest.raises(mimi.MimiError.Refused):
        request.verify(b"no GroupInfo", b"", directory)
    with pytest.raises(mimi.MimiError.State):
        request.verify(b"used already", b"", directory)

    # Bob is in the room, and takes another key.
    credential = bob.credential()
    join = room.sealed().join_externally(
        room.wrapper_key(), ROOM, credential, bob.key, [], mimi.PseudonymUses(), seed()
    )
    room.follow(commit([update(join.update)], [join.safe_aad_item], path=credential), directory)
    new = mimi.ConnectionKey.generate(SUITE, seed())
    rotated = room.rotate_connection(bob.connection(), 1, new.rotation_message())
    assert rotated.parts().connection_key == new.expose()
    assert rotated.parts().previous == bob.key.expose() and len(rotated.parts().retired) == 1
    assert mimi.Connection.restore(rotated.parts()).parts() == rotated.parts()
    assert rotated.forget_previous().parts().previous is None
    with pytest.raises(mimi.MimiError.NotAllowed):
        room.rotate_connection(rotated, 1, bob.key.rotation_message())

    sealed = mimi.seal_queue_id(SUITE, public, b"queue 7", "mimi://a.example/d/1", seed())
    assert mimi.open_queue_id(SUITE, private, sealed, "mimi://a.example/d/1") == b"queue 7"
    assert bob.key.token_target(bob.uri, "b.example").startswith("mimi://b.example/u/")


def test_a_check_that_throws_vouches_for_nothing(users, directory):
    class Broken(mimi.CredentialCheck):
        def check(self, credential):
            raise RuntimeError("the directory is away")

    room = create(users[0], Broken())
    assert room.members()[0].state.refusal.reason == "CredentialRefused"
