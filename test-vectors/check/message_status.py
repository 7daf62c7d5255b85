"""Kind `message-status`: reports of mimi-message-status-01."""

import cbor2

from case import Wrong, hex_of, integer_of, refusal
from content import decode_status_report
from presentation import Refused


def valid(case):
    encoded = case.hex("encoded")
    try:
        statuses = decode_status_report(encoded)
    except Refused as refused:
        raise Wrong("encoded", f"refused: {refused}") from None
    expected = [(hex_of(message_id, "statuses"), integer_of(status, "statuses")) for message_id, status in case.get("statuses")]
    if statuses != expected:
        raise Wrong("statuses", f"decoded {statuses}")
    if cbor2.dumps([list(entry) for entry in expected]) != encoded:
        raise Wrong("statuses", "encode to other bytes")


def invalid(case):
    if not refusal(decode_status_report, case.hex("encoded")):
        raise Wrong("encoded", "accepted")
