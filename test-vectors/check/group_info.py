"""Kind `group-info`: the hub's signed and sealed answer to an external joiner (mimi-protocol-06 section 5.6)."""

from case import Wrong, refusal
from presentation import Refused
from suites import Suite
from wire import LANGUAGE

LABEL = b"GroupInfo and ratchet_tree encryption"
SUCCESS = 1


def open_response(case):
    suite = Suite(case.integer("cipher_suite"))
    data, private_key = case.hex("response"), case.hex("requester_hpke_private_key")
    if suite.hpke_public_of(private_key) != case.hex("requester_hpke_public_key"):
        raise Refused("the requester's keys are no pair")
    hub_key = case.hex("hub_signature_public_key")
    if case.has("hub_signature_private_key") and suite.public_of(case.hex("hub_signature_private_key")) != hub_key:
        raise Refused("the hub's keys are no pair")
    response = LANGUAGE.decode("GroupInfoResponse", data)
    if response["room_id"] != case.hex("room_id"):
        raise Refused("another room")
    if response["status"] != SUCCESS:
        if case.has("plaintext"):
            raise Refused("no body to open")
        return
    if response["cipher_suite"] != suite.number:
        raise Refused("another cipher suite")
    sender = response["hub_sender"]
    if sender["signature_key"] != hub_key or LANGUAGE.encode("Credential", sender["credential"]) != case.hex("hub_credential"):
        raise Refused("another hub")
    tbs = LANGUAGE.encode("GroupInfoResponseTBS", response)
    suite.verify_with_label(hub_key, b"GroupInfoResponseTBS", tbs, response["signature"])
    sealed = response["encrypted_groupinfo_and_tree"]
    opened = suite.decrypt_with_label(private_key, LABEL, response["room_id"], sealed["kem_output"], sealed["ciphertext"])
    LANGUAGE.decode("GroupInfoRatchetTreeTBE", opened)
    if not case.has("plaintext"):
        raise Refused("a body where none is expected")
    if opened != case.hex("plaintext"):
        raise Refused(f"opens to {opened.hex()}")


def valid(case):
    reason = refusal(open_response, case)
    if reason:
        raise Wrong("response", f"refused: {reason}")


def invalid(case):
    if not refusal(open_response, case):
        raise Wrong("response", "accepted")
