"""Writes vectors as lines of fields between tabs, for a test without a JSON parser: lines.py FILE"""

import json
import sys
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[3] / "test-vectors" / "vectors"


def text(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def lines():
    for kind in ["content", "message-status", "policy", "timeline", "franking"]:
        for case in json.loads((VECTORS / f"{kind}.json").read_text(encoding="utf-8"))["cases"]:
            name, valid = case["name"], case.get("valid", True)
            if kind == "content" and valid:
                yield "content", name, case["encoded"], case["sender_uri"], case["room_uri"], case["message_id"]
            elif kind == "content":
                yield "content-invalid", name, case["encoded"]
            elif kind == "message-status" and valid:
                yield kind, name, case["encoded"]
            elif kind == "policy":
                yield kind, name, text(case), text(case["expect"]["allow"])
            elif kind == "timeline" and "rooms" in case:
                messages = map(text, case["messages"])
                yield kind, name, case.get("local_user") or "", str(case.get("now", 0)), text(case["rooms"]), *messages
            elif kind == "franking" and valid and case["revision"] == "06":
                uris = case["sender_uri"], case["room_uri"]
                yield kind, name, case["application_data"], *uris, case["franking_tag"], case.get("framing", "bare")


with open(sys.argv[1], "w", encoding="utf-8", newline="\n") as file:
    for fields in lines():
        # Some URIs of random messages have line ends.
        if not any(mark in field for field in fields for mark in "\t\n\r"):
            file.write("\t".join(fields) + "\n")
