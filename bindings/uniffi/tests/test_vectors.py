"""The shipped vectors of every kind that the package covers, through the package alone."""

import json
from pathlib import Path

import pytest

import mimi

VECTORS = Path(__file__).resolve().parents[3] / "test-vectors" / "vectors"


def cases(*kinds):
    found = []
    for kind in kinds:
        found += json.loads((VECTORS / f"{kind}.json").read_text(encoding="utf-8"))["cases"]
    assert found
    return found


def octets(case, member):
    return bytes.fromhex(case[member])


def is_valid(case):
    return case.get("valid", True)


def number(value):
    """Beyond 2^53-1 integers are decimal text."""
    return int(value)


def test_content():
    refused = 0
    for case in cases("content", "content-working-group"):
        encoded = octets(case, "encoded")
        assert mimi.diagnose(encoded).accepted == is_valid(case), case["name"]
        if not is_valid(case):
            with pytest.raises(mimi.MimiError.Refused) as error:
                mimi.Message.decode(encoded)
            assert error.value.reason and error.value.offset is not None, case["name"]
            assert error.value.section == "mimi-content-09 §4"
            refused += 1
            continue
        message = mimi.Message.decode(encoded)
        assert json.loads(message.to_json()) == case["value"], case["name"]
        assert message.encode() == encoded
        assert message.message_id(case["sender_uri"], case["room_uri"]) == case["message_id"], case["name"]
        assert mimi.Message.from_json(json.dumps(case["value"])).encode() == encoded, case["name"]
        parts = message.parts(mimi.ClientProfile())
        assert [part.index for part in parts] == list(range(len(parts))), case["name"]
    assert refused > 100


def test_message_status():
    for case in cases("message-status", "message-status-working-group"):
        encoded = octets(case, "encoded")
        if not is_valid(case):
            with pytest.raises(mimi.MimiError.Refused):
                mimi.decode_status_report(encoded)
            continue
        statuses = mimi.decode_status_report(encoded)
        assert [[entry.message_id, entry.status] for entry in statuses] == case["statuses"], case["name"]
        assert mimi.encode_status_report(statuses) == encoded, case["name"]


def test_timeline():
    folded = 0
    for case in cases("timeline"):
        if "rooms" not in case:
            continue
        conversation = mimi.Conversation(case.get("local_user"))
        for line in case["messages"]:
            conversation.take(json.dumps(line))
        assert json.loads(conversation.rooms(number(case.get("now", 0)))) == case["rooms"], case["name"]
        restored = mimi.Conversation.restore(conversation.snapshots())
        assert restored.snapshots() == conversation.snapshots(), case["name"]
        folded += 1
    assert folded > 20


def test_timeline_refuses():
    for case in cases("timeline"):
        if is_valid(case) or "snapshots" in case:
            continue
        conversation = mimi.Conversation()
        with pytest.raises(mimi.MimiError.InvalidInput):
            for line in case["messages"]:
                conversation.take(json.dumps(line))


def test_policy():
    for case in cases("policy"):
        decision = mimi.Case.parse(json.dumps(case)).decide()
        assert decision.allow == case["expect"]["allow"], (case["name"], decision)
        capability = case["expect"].get("capability")
        assert capability is None or decision.capability == capability, case["name"]


def test_markdown():
    for case in cases("markdown"):
        if "html" in case:
            markdown = case["markdown"].encode()
            assert mimi.render_html("text/markdown", markdown) == case["html"], case["name"]
            assert mimi.render_plain_text("text/markdown", markdown) == case["plain"], case["name"]


def test_attachments():
    for case in cases("attachment"):
        file = mimi.SealedFile(
            url="", content_type="", size=number(case["size"]), expires=case["expires"], enc_alg=case["enc_alg"],
            key=octets(case, "key"), nonce=octets(case, "nonce"), aad=octets(case, "aad"), hash_alg=case["hash_alg"],
            content_hash=octets(case, "content_hash"), description="", filename="",
        )
        stored = octets(case, "stored")

        def opened():
            opener = mimi.FileOpener.of_file(file, number(case["now"]))
            for start in range(0, len(stored), 7):
                opener.verify(stored[start : start + 7])
            length = opener.verified()
            content = b"".join(opener.open(stored[start : start + 5]) for start in range(0, len(stored), 5))
            opener.finish()
            assert len(content) == length
            return content

        if is_valid(case):
            assert opened() == octets(case, "content"), case["name"]
        else:
            try:
                assert opened() != octets(case, "content"), case["name"]
            except mimi.MimiError as error:
                assert error.reason, case["name"]


def vector(octets):
    """opaque<V> (RFC 9420 §2.1.2)."""
    length = len(octets)
    if length < 1 << 6:
        return bytes([length]) + octets
    if length < 1 << 14:
        return (length | 1 << 14).to_bytes(2, "big") + octets
    return (length | 2 << 30).to_bytes(4, "big") + octets


def group_context(cipher_suite, public_key):
    """A GroupContext whose franking agent has this key."""
    agent = vector(public_key) + (1).to_bytes(2, "big") + vector(b"hub.example")
    dictionary = vector((0x21).to_bytes(2, "big") + vector(agent))
    extension = (6).to_bytes(2, "big") + vector(dictionary)
    head = (1).to_bytes(2, "big") + cipher_suite.to_bytes(2, "big") + vector(b"group") + bytes(8)
    return head + vector(b"") + vector(b"") + vector(extension)


CONSTRUCTIONS = {
    "06": (mimi.Construction.SIGNED(), "franking_integrity_signature", None),
    "03": (mimi.Construction.INTEGRITY_MAC(), "franking_integrity_check", "franking_integrity_secret"),
    "02": (mimi.Construction.CONTEXT_HASH(assertion_key=100), "franking_context_hash", "franking_context_secret"),
}


def test_franking():
    refused = 0
    for case in cases("franking"):
        name, suite = case["name"], case["cipher_suite"]
        construction, proof, secret = CONSTRUCTIONS[case["revision"]]
        framed = case.get("framing") == "application_framing"
        framing = mimi.Framing.APPLICATION_FRAMING if framed else mimi.Framing.BARE
        franking = mimi.Franking(construction, framing)
        if secret:
            agent = mimi.Agent.of_secret(octets(case, secret))
            keys = mimi.HubKeys.of_secret(octets(case, "hub_key"), octets(case, secret))
        else:
            context = group_context(suite, octets(case, "signature_public_key"))
            agent = mimi.Agent.signed(context, "hub.example", ["hub.example"])
            keys = mimi.HubKeys.signed(octets(case, "hub_key"), octets(case, "signature_private_key"), context)
        frank = mimi.Frank(
            server_frank=octets(case, "server_frank"), cipher_suite=0 if secret else suite, proof=octets(case, proof)
        )
        data, accepted = octets(case, "application_data"), number(case["accepted_timestamp"])
        message = mimi.FrankedMessage(
            application_data=data, franking_tag=octets(case, "franking_tag"), frank=frank, accepted_timestamp=accepted,
            sender_uri=case["sender_uri"], room_uri=case["room_uri"],
        )
        if is_valid(case):
            commitment = franking.commit(data, case["sender_uri"], case["room_uri"])
            assert commitment.franking_tag == message.franking_tag, name
            franking.verify(agent, message)
            report = mimi.Reported(application_data=data, frank=frank, accepted_timestamp=accepted)
            franking.check_report(keys, case["sender_uri"], case["room_uri"], report)
            provider = mimi.check_uri(case["sender_uri"]).host
            submission = mimi.Submission(
                franking_tag=commitment.franking_tag, sending_uri=commitment.sending_uri,
                submitted_by=provider, presented_names=[provider], room_uri=case["room_uri"],
                participants=[case["sender_uri"]], users_with_clients=[case["sender_uri"]],
            )
            stamped = franking.frank(keys, submission, accepted, bytes([9] * 32))
            assert stamped.server_frank == frank.server_frank, name
            # ECDSA and ML-DSA differ from run to run.
            if secret or len(octets(case, "signature_public_key")) == 32:
                assert stamped == frank, name
        elif "receiver" in case["refused_by"]:
            try:
                salt = franking.commit(data, case["sender_uri"], case["room_uri"]).salt
                if salt != octets(case, "salt"):
                    continue
            except mimi.MimiError:
                pass
            with pytest.raises(mimi.MimiError):
                franking.verify(agent, message)
            refused += 1
    assert refused > 100


def test_wire():
    for case in cases("wire", "wire-content-working-group", "wire-mls-working-group"):
        inspection = mimi.inspect_as(case["type"], octets(case, "encoded"))
        assert (inspection.refused is None) == is_valid(case), case["name"]
        assert sum(run.end - run.start for run in inspection.runs) == inspection.length, case["name"]


def test_whole_files():
    text = (VECTORS / "content-working-group.json").read_text(encoding="utf-8")
    assert mimi.verify_vectors("content-working-group.json", text).failures == []
    report = mimi.verify_vectors("changed", text.replace("0176180c7d19a925", "0176180c7d19a926"))
    assert [failure.field for failure in report.failures] == ["message_id"]
