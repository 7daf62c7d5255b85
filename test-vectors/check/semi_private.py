"""Kind `semi-private`: a handshake that the group and its external receivers can read (mls-semiprivatemessage-07)."""

from case import Wrong, hex_of, refusal
from presentation import Reader, Refused, Struct
from suites import Suite
from wire import LANGUAGE

PROPOSAL, COMMIT = 2, 3
MEMBER, WIRE_FORMAT = 1, 0xF001


def content_scope(content_type):
    scope, inner = Struct("AuthenticatedContent"), Struct("FramedContent")
    inner["content_type"] = content_type
    scope["content"] = inner
    return (scope,)


def read_content(content_type, data):
    """SemiPrivateMessageContent: a proposal or commit, its auth data, and padding of zeros."""
    reader, scope = Reader(data), content_scope(content_type)
    field = {PROPOSAL: "proposal", COMMIT: "commit"}[content_type]
    content = LANGUAGE.read(field.capitalize(), reader, scope)
    auth = LANGUAGE.read("FramedContentAuthData", reader, scope)
    if any(reader.take(len(data) - reader.at)):
        raise Refused("padding that is not zero")
    return field, content, auth


def check_tbs(message, leaf, field, content, data):
    """FramedContentTBS is of this very message: wire format, GroupContext, sender, authenticated data and content."""
    tbs = LANGUAGE.decode("FramedContentTBS", data)
    framed, context = tbs["content"], tbs.get("context", {})
    said = (tbs["wire_format"], framed["group_id"], framed["epoch"], framed["sender"], framed["authenticated_data"])
    sender = {"sender_type": MEMBER, "leaf_index": leaf}
    if said != (WIRE_FORMAT, message["group_id"], message["epoch"], sender, message["authenticated_data"]):
        raise Refused("framed_content_tbs is of another message")
    if (context.get("group_id"), context.get("epoch")) != (message["group_id"], message["epoch"]):
        raise Refused("framed_content_tbs has the GroupContext of another epoch")
    if framed["content_type"] != message["content_type"] or framed.get(field) != content:
        raise Refused("framed_content_tbs has other content")


def guarded(nonce, reuse_guard):
    return bytes(a ^ b for a, b in zip(nonce, reuse_guard)) + nonce[len(reuse_guard):]


def open_message(case):
    suite = Suite(case.integer("cipher_suite"))
    message = LANGUAGE.decode("SemiPrivateMessage", case.hex("message"))
    key, nonce, guard = case.hex("key"), case.hex("nonce"), case.hex("reuse_guard")
    leaf, content_type = case.integer("sender_leaf_index"), case.integer("content_type")
    for field, given in (
        ("group_id", case.hex("group_id")), ("epoch", case.integer("epoch")), ("content_type", content_type),
        ("authenticated_data", case.hex("authenticated_data")), ("encrypted_sender_data", case.hex("encrypted_sender_data")),
    ):
        if message[field] != given:
            raise Refused(f"another {field}")
    partial = suite.digest(leaf.to_bytes(4, "big") + nonce)
    if message["partial_context_hash"] != partial:
        raise Refused("another partial_context_hash")
    if message["framed_content_tbs_hash"] != suite.digest(case.hex("framed_content_tbs")):
        raise Refused("another framed_content_tbs_hash")
    context = LANGUAGE.encode("SemiPrivateMessageContext", {
        "group_id": message["group_id"], "epoch": message["epoch"], "partial_context_hash": partial,
    })
    expected = {"key": key, "nonce": nonce, "reuse_guard": guard, "sender_leaf_index": leaf}
    receivers = case.get("receivers")
    if len(message["keys_for_external_receivers"]) != len(receivers):
        raise Refused("another number of receivers")
    for entry, (private_key, receiver) in zip(message["keys_for_external_receivers"], receivers):
        private_key, receiver = hex_of(private_key, "receivers"), hex_of(receiver, "receivers")
        public_key = LANGUAGE.decode("ExternalReceiver", receiver)["external_receiver_public_key"]
        if suite.hpke_public_of(private_key) != public_key:
            raise Refused("the receiver's keys are no pair")
        if entry["external_receiver_ref"] != suite.digest(receiver):
            raise Refused("another external_receiver_ref")
        sealed = entry["encrypted_keys_and_nonces"]
        opened = suite.decrypt_with_label(
            private_key, b"SemiPrivateMessageReceiver", context, sealed["kem_output"], sealed["ciphertext"]
        )
        if LANGUAGE.decode("PerMessageKeyAndNonces", opened) != expected:
            raise Refused("another key or nonce is sealed")
    aad = LANGUAGE.encode("SemiPrivateContentAAD", message)
    content = suite.open(key, guarded(nonce, guard), aad, message["ciphertext"])
    field, opened, auth = read_content(content_type, content)
    check_tbs(message, leaf, field, opened, case.hex("framed_content_tbs"))
    if case.has("signature_public_key"):
        suite.verify_with_label(
            case.hex("signature_public_key"), b"FramedContentTBS", case.hex("framed_content_tbs"), auth["signature"]
        )
    if case.has("sender_data_secret"):
        check_sender_data(suite, case, message)
    if content != case.hex("content"):
        raise Refused(f"opens to {content.hex()}")


def check_sender_data(suite, case, message):
    """The sender data, as in a PrivateMessage: key and nonce from the first Nh octets of the ciphertext."""
    secret, sample = suite.secret(case.hex("sender_data_secret"), "sender_data_secret"), message["ciphertext"][:suite.Nh]
    key = suite.expand_with_label(secret, b"key", sample, suite.Nk)
    nonce = suite.expand_with_label(secret, b"nonce", sample, suite.Nn)
    aad = LANGUAGE.encode("SenderDataAAD", message)
    data = LANGUAGE.decode("SenderData", suite.open(key, nonce, aad, message["encrypted_sender_data"]))
    expected = {"leaf_index": case.integer("sender_leaf_index"), "reuse_guard": case.hex("reuse_guard")}
    if case.has("generation"):
        expected["generation"] = case.integer("generation")
    if {field: data[field] for field in expected} != expected:
        raise Refused("other sender data")


def valid(case):
    reason = refusal(open_message, case)
    if reason:
        raise Wrong("message", f"refused: {reason}")


def invalid(case):
    if not refusal(open_message, case):
        raise Wrong("message", "accepted")
