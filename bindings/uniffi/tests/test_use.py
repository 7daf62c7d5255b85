"""What a program does with the package, and the errors by name."""

import json
import secrets

import pytest

import mimi

ALICE, ROOM = "mimi://a.example/u/alice", "mimi://hub.example/r/clubhouse"


def hello():
    return mimi.Composer(ALICE, ROOM).message(secrets.token_bytes(16), mimi.Text(text="Hello"), mimi.Options())


def test_a_message_is_written_and_read():
    alice = mimi.Composer(ALICE, ROOM)
    text = mimi.Text(text="**Hello** <mimi://b.example/u/bob>", markdown=True, language="en")
    options = mimi.Options(topic_id=b"tea", expires=mimi.Expires.AT(seconds=1_800_000_000))
    message = alice.message(secrets.token_bytes(16), text, options)
    received = mimi.Message.decode(message.encode())
    assert received.topic_id() == b"tea"
    shown = received.render(mimi.ClientProfile())
    assert shown[0].html.startswith("<p><strong>Hello</strong>")
    assert received.preview(mimi.ClientProfile()).line.startswith("Hello")
    identifier = alice.message_id(message)
    reaction = alice.react(secrets.token_bytes(16), identifier, "❤", mimi.Options())
    assert reaction.in_reply_to() == identifier
    edit = alice.edit(secrets.token_bytes(16), identifier, message, mimi.Text(text="Bye"))
    assert edit.replaces() == identifier

    conversation = mimi.Conversation(ALICE)
    for accepted, each in enumerate([message, reaction, edit], start=1):
        line = {"room_uri": ROOM, "sender_uri": ALICE, "accepted_timestamp": accepted, "encoded": each.encode().hex()}
        assert conversation.take(json.dumps(line)) is None
    (entry,) = json.loads(conversation.rooms(0))[0]["entries"]
    assert entry["edited"] and entry["reaction_groups"][0]["senders"] == [ALICE]


def test_a_file_is_sealed_and_opened():
    sealer = mimi.FileSealer(mimi.Aead.AES256_GCM, secrets.token_bytes(32))
    stored = sealer.seal(b"a roc") + sealer.seal(b"ket")
    sealed = sealer.finish("https://a.example/r", "image/gif")
    stored += sealed.tag
    message = mimi.Composer(ALICE, ROOM).file(secrets.token_bytes(16), None, sealed.file, mimi.Options())
    opener = mimi.FileOpener(message, 0, 0)
    with pytest.raises(mimi.MimiError.State):
        opener.open(stored)
    opener.verify(stored)
    assert opener.verified() == 8
    assert opener.open(stored) == b"a rocket"
    opener.finish()
    with pytest.raises(mimi.MimiError.State):
        sealer.seal(b"more")


def test_a_room_is_asked():
    room = mimi.Room.parse(json.dumps({
        "roles": "strict",
        "participants": [[ALICE, 3], ["mimi://b.example/u/bob", 2]],
        "clients": [[ALICE, "mimi://a.example/d/a1"]],
    }))
    rights = room.can(ALICE)
    assert rights.capabilities["canAddParticipant"] and any(answer.allow for answer in rights.answers)
    assert room.matrix().roles[1].name == "banned"
    assert room.graph().moves and room.picture(mimi.Picture.SVG).startswith("<svg")
    assert all(finding.severity in ("error", "warning", "note") for finding in room.lint())
    assert room.diff(room).differences == []


def test_errors_keep_reason_field_and_offset():
    with pytest.raises(mimi.MimiError.Refused) as error:
        mimi.Message.decode(hello().encode() + b"\0")
    assert (error.value.reason, error.value.field) == ("TrailingBytes", "MimiContent")
    assert error.value.offset == len(hello().encode())
    with pytest.raises(mimi.MimiError.InvalidInput) as error:
        mimi.Composer(ALICE, ROOM).message(b"short", mimi.Text(text="Hello"), mimi.Options())
    assert error.value.field == "salt"
    with pytest.raises(mimi.MimiError.InvalidInput) as error:
        mimi.check_uri("mimi://a.example/u/")
    assert (error.value.reason, error.value.offset) == ("EmptyId", 19)
    with pytest.raises(mimi.MimiError.Unknown):
        mimi.inspect_as("Nothing", b"")
    with pytest.raises(mimi.MimiError.NotAllowed):
        mimi.Room.parse('{"roles": [{"index": 2}, {"index": 2}]}').check()
    with pytest.raises(mimi.MimiError.NotAuthentic):
        franking = mimi.Franking(mimi.Construction.SIGNED(), mimi.Framing.BARE)
        franking.commit(hello().encode(), "mimi://a.example/u/bob", ROOM)


def test_bytes_are_told():
    assert mimi.bytes_of_text("01:02") == b"\1\2"
    assert mimi.guess(hello().encode())[0].type_name == "MimiContent"
    inspection = mimi.inspect(hello().encode())
    assert inspection.fields[0].path == "MimiContent" and inspection.refused is None
    assert mimi.compare("MimiContent", hello().encode(), hello().encode())[0].path == "MimiContent.salt"
