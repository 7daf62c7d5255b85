"""Kind `connection`: the two sealed messages by which two users connect (mimi-metadata-minimalization-02 section 5)."""

import name as names
from case import Wrong, refusal
from presentation import Refused
from suites import Suite
from wire import LANGUAGE


def one_spelling(uri, what):
    """A MIMI URI counts in its normal form only (RFC 3986 section 6.2.2); other identifiers count as they are."""
    if not uri:
        raise Refused(f"{what} is empty")
    if not names.reads_as_mimi(uri):
        return
    text = uri.decode("ascii", "replace")
    if names.normal(text) != text:
        raise Refused(f"{what} is in another spelling, or no MIMI URI")


def open_both(case):
    suite = Suite(case.integer("cipher_suite"))
    request_data, response_data = case.hex("connection_request"), case.hex("connection_response")
    for name in ("responder", "response"):
        if suite.hpke_public_of(case.hex(f"{name}_private_key")) != case.hex(f"{name}_public_key"):
            raise Refused(f"the {name} keys are no pair")

    one_spelling(case.utf8("responder_uri"), "responder_uri")
    responder = LANGUAGE.encode("IdentifierUri", {"uri": case.utf8("responder_uri")})
    opened = open_one(suite, case, "responder_private_key", b"ConnectionRequest", responder, "sealed_request")
    if opened != request_data:
        raise Refused(f"the request opens to {opened.hex()}")
    request = LANGUAGE.decode("ConnectionRequest", opened)
    if request["connection_response_key"] != case.hex("response_public_key"):
        raise Refused("the request names another response key")
    suite.secret(request["requester_connection_key"], "requester_connection_key")
    suite.secret(request["connection_room_identity_link_wrapper_key"], "connection_room_identity_link_wrapper_key")

    room_id = request["connection_room_id"]
    one_spelling(room_id, "connection_room_id")
    opened = open_one(suite, case, "response_private_key", b"ConnectionResponse", room_id, "sealed_response")
    if opened != response_data:
        raise Refused(f"the response opens to {opened.hex()}")
    suite.secret(LANGUAGE.decode("ConnectionResponse", opened)["responder_connection_key"], "responder_connection_key")


def open_one(suite, case, private_key, label, context, field):
    sealed = LANGUAGE.decode("HPKECiphertext", case.hex(field))
    return suite.decrypt_with_label(case.hex(private_key), label, context, sealed["kem_output"], sealed["ciphertext"])


def valid(case):
    reason = refusal(open_both, case)
    if reason:
        raise Wrong("sealed_request", f"refused: {reason}")


def invalid(case):
    if not refusal(open_both, case):
        raise Wrong("sealed_request", "accepted")
