"""Kind `leaf-operation-intent`: the intent of a client to leave (mls-leaf-operation-intents, September 2025, section 2)."""

from case import Wrong, refusal
from presentation import Refused
from suites import Suite
from wire import LANGUAGE


def judge(case):
    suite = Suite(case.integer("cipher_suite"))
    private_key = case.hex("signature_private_key")
    suite.public_of(private_key)
    intent = LANGUAGE.decode("LeafOperationIntent", case.hex("leaf_operation_intent"))
    if intent["group_id"] != case.hex("group_id"):
        raise Refused("another group")
    if not case.has("leaf_node") or intent["sender_index"] != case.integer("leaf_index"):
        raise Refused("no member at the leaf")
    leaf_bytes = case.hex("leaf_node")
    leaf = LANGUAGE.decode("LeafNode", leaf_bytes)
    reference = suite.ref_hash(b"MLS 1.0 LeafNode Reference", leaf_bytes)
    if reference != case.hex("leaf_node_ref") or reference != intent["sender_leaf_ref"]:
        raise Refused(f"the reference is {reference.hex()}")
    tbs = LANGUAGE.encode("LeafOperationIntentTBS", intent)
    suite.verify_with_label(leaf["signature_key"], b"LeafOperationIntentTBS", tbs, intent["signature"])
    if suite.public_of(private_key) != leaf["signature_key"]:
        raise Refused("another signature key")


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("leaf_operation_intent", f"refused: {reason}")


def invalid(case):
    if not refusal(judge, case):
        raise Wrong("leaf_operation_intent", "accepted")
