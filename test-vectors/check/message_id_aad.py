"""Kind `message-id-aad`: the message ID in the authenticated data (mimi-msgid-aad-02 section 3)."""

import content
from case import Wrong, refusal
from presentation import Refused
from wire import LANGUAGE

COMPONENT = 0x0040


def judge(case):
    encoded = case.hex("encoded")
    message = content.decode_message(encoded)
    computed = content.message_id(case.utf8("sender_uri"), case.utf8("room_uri"), encoded, message["salt"])
    items = LANGUAGE.decode("SafeAAD", case.hex("authenticated_data"))["aad_items"]
    stated = [item["aad_item_data"] for item in items if item["component_id"] == COMPONENT]
    if bool(stated) != case.data.get("stated", True):
        raise Refused("an ID is stated or not")
    if stated and stated[0] != computed:
        raise Refused(f"the ID is {computed.hex()}")


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("authenticated_data", f"refused: {reason}")


def invalid(case):
    if not refusal(judge, case):
        raise Wrong("authenticated_data", "accepted")
