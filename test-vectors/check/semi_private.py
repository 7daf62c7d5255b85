"""Kind `semi-private`: a handshake that the group and its external receivers can read (mls-semiprivatemessage-07)."""

from case import Wrong, hex_of, refusal
from presentation import Reader, Refused, Struct
from suites import Suite
from wire import LANGUAGE

PROPOSAL, COMMIT = 2, 3


def content_scope(content_type):
    scope, inner = Struct("AuthenticatedContent"), Struct("FramedContent")
    inner["content_type"] = content_type
    scope["content"] = inner
    return (scope,)


def check_content(content_type, data):
    """SemiPrivateMessageContent: a proposal or commit, its auth data, and padding of zeros."""
    reader, scope = Reader(data), content_scope(content_type)
    LANGUAGE.read({PROPOSAL: "Proposal", COMMIT: "Commit"}[content_type], reader, scope)
    LANGUAGE.read("FramedContentAuthData", reader, scope)
    if any(reader.take(len(data) - reader.at)):
        raise Refused("padding that is not zero")


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
    check_content(content_type, content)
    if content != case.hex("content"):
        raise Refused(f"opens to {content.hex()}")


def valid(case):
    reason = refusal(open_message, case)
    if reason:
        raise Wrong("message", f"refused: {reason}")


def invalid(case):
    if not refusal(open_message, case):
        raise Wrong("message", "accepted")
