"""Kind `retraction`: a commit that retracts messages, and what becomes of them (mimi-hub-retracted-messages-00 section 3)."""

from case import Wrong, hex_of, refusal
from connection import one_spelling
from presentation import Refused
from timeline import component

MESSAGES, RANGE = 0x50, 0x51
OF_MESSAGES, OF_REACTIONS = "canDeleteOtherMessage", "canDeleteOtherReaction"


def read(number, data):
    """What a proposal retracts; None for a component that retracts nothing."""
    if number not in (MESSAGES, RANGE):
        return None
    found = component(number, data)
    if number == RANGE:
        sender = found["sender"].encode()
        one_spelling(sender, "abusive_sender_uri")
    return found | {"number": number}


def judge(case):
    rights = set(case.get("capabilities"))
    retractions, senders = [], set()
    for number, data in case.get("proposals"):
        found = read(number, hex_of(data, "proposals"))
        if found is None:
            continue
        if found["number"] == RANGE:
            if OF_MESSAGES not in rights:
                raise Refused("a range takes canDeleteOtherMessage")
            if found["sender"] in senders:
                raise Refused("a second range of a sender")
            senders.add(found["sender"])
        elif not rights & {OF_MESSAGES, OF_REACTIONS}:
            raise Refused("no right to retract")
        retractions.append(found)
    only_reactions = OF_MESSAGES not in rights
    shown = []
    for message in case.get("messages"):
        identity, sender = hex_of(message["message_id"], "messages"), message["sender_uri"]
        holding = []
        for it in retractions:
            named = identity in it["ids"] and (message["reaction"] or not only_reactions)
            ranged = it["sender"] == sender and message["accepted_timestamp"] >= (it["from"] or 0)
            if named or ranged:
                holding.append(it)
        if holding:
            first = min(holding, key=lambda it: it["at"])
            shown.append({"message_id": message["message_id"], "by": first["by"], "reason": first["reason"], "at": first["at"]})
    if shown != case.get("retracted"):
        raise Refused(f"what is retracted: {shown}")


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("retracted", f"refused: {reason}")


def invalid(case):
    if not refusal(judge, case):
        raise Wrong("retracted", "accepted")
