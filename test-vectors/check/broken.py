#!/usr/bin/env python3
"""Deliberately broken copies of the vectors: `python3 broken.py DIR [COUNT]` writes them with this implementation's verdict.

Every encoding is damaged COUNT times (20). What is still accepted becomes a valid case, the rest an invalid one; of a damaged message in a
case of the kind `policy`, the decision is what is expected. In a case of the kind `room`, one member of one step is damaged, or the room
that it begins with. Another implementation that reads DIR agrees with all of them, or one of the two is wrong.
"""

import json
import random
import sys
from pathlib import Path

import policy
import room
import wire
from case import Case, Wrong, refusal
from presentation import Refused

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


def damage(data, chance):
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(len(data) + 1)
        action = chance.randrange(6)
        if action == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif action == 1 and data:
            data[at % len(data)] = chance.choice((0, 1, 2, 3, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xF0, 0xFF))
        elif action == 2:
            data[at:at] = bytes([chance.randrange(256)])
        elif action == 3:
            del data[at:at + chance.randrange(1, 4)]
        elif action == 4:
            end = at + chance.randrange(1, 9)
            data[at:at] = data[at:end]
        elif data:
            step = chance.choice((1, -1))
            data[at % len(data)] = (data[at % len(data)] + step) % 256
    return bytes(data)


def encodings():
    """(type, bytes) of all shipped cases that are an encoding of one type."""
    for path in sorted(VECTORS.glob("*.json")):
        document = json.loads(path.read_text())
        kind = {"content": "MimiContent", "message-status": "MessageStatusReport"}.get(document["kind"])
        if kind or document["kind"] == "wire":
            for case in document["cases"]:
                yield kind or case["type"], bytes.fromhex(case["encoded"])


def decisions(count, chance):
    """Cases of the kind `policy` with a damaged message, and what is decided."""
    document = json.loads((VECTORS / "policy.json").read_text())
    for case in document["cases"]:
        for change in case["changes"]:
            if change["op"] != "content":
                continue
            data = bytes.fromhex(change["encoded"])
            for again in range(count):
                changes = [change | {"encoded": damage(data, chance).hex()}]
                broken = case | {"name": f"{case['name']}, damaged {again}", "changes": changes}
                yield broken | {"expect": {"allow": refusal(policy.decide, Case(broken)) is None}}


HEX, TEXT = ("body", "next_response", "snapshot", "ratchet_tree"), ("from", "variable", "endpoint")


def damage_step(step, chance):
    """A copy of a step with one member that says something else, or None. What must not differ between two sealings stays as it is."""
    step = json.loads(json.dumps(step))
    sealed = step.get("endpoint") == "groupInfo" and step["accepted"]
    # Which of two codes a refused handshake gets, this implementation does not say.
    refused = step.get("endpoint") == "update" and not step["accepted"]
    choices = [field for field in HEX + TEXT + ("at", "accepted") if field in step and not (refused and field == "body")]
    choices += ["status", "response"] * ("response" in step) + ["to", "fan_out"] * bool(step["fan_outs"])
    field = chance.choice(choices)
    if field in HEX:
        step[field] = damage(bytes.fromhex(step[field]), chance).hex()
    elif field in TEXT:
        step[field] = chance.choice(("b.example", "c.example", "B.example", "mimi://b.example/u/bob", "", "update", "updateConsent"))
    elif field == "at":
        step["at"] += chance.choice((-1, 1, -1000, 1000, 10**6))
    elif field == "accepted":
        step["accepted"] = not step["accepted"]
    elif field == "status":
        step["response"]["status"] = chance.choice((200, 201, 400, 403, 413, 429, 502))
    elif field == "response" and step["response"].get("body") and not sealed and step["endpoint"] != "update":
        step["response"]["body"] = damage(bytes.fromhex(step["response"]["body"]), chance).hex()
    elif field == "to":
        to = step["fan_outs"][0]["to"]
        chance.choice((to.reverse, to.clear, to.sort, lambda: to.append("d.example")))()
    elif field == "fan_out":
        step["fan_outs"][0]["body"] = damage(bytes.fromhex(step["fan_outs"][0]["body"]), chance).hex()
    return step


def rooms(count, chance):
    """Cases of the kind `room` that end with a damaged step, or begin with a damaged room."""
    document = json.loads((VECTORS / "room.json").read_text())
    for case in document["cases"]:
        if case.get("valid") is False:
            continue
        for place, step in enumerate(case["steps"]):
            for again in range(max(1, count // 10)):
                steps = case["steps"][:place] + [damage_step(step, chance)]
                yield case | {"name": f"{case['name']}, step {place} damaged {again}", "steps": steps}
        for field in ("snapshot", "ratchet_tree", "client_snapshot"):
            for again in range(count if field in case else 0):
                damaged = damage(bytes.fromhex(case[field]), chance).hex()
                yield case | {"name": f"{case['name']}, {field} damaged {again}", field: damaged, "steps": []}


def holds(case):
    try:
        room.judge(Case(case))
    except (Refused, Wrong):
        return False
    return True


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    folder, count = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 20
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(2026)
    cases = []
    for number, (kind, data) in enumerate(encodings()):
        if len(data) > 10000:
            continue
        for again in range(count):
            broken = damage(data, chance)
            reason = refusal(wire.decode, kind, broken)
            case = {"name": f"{number}.{again}", "type": kind, "encoded": broken.hex()}
            cases.append(case if reason is None else case | {"valid": False, "reason": reason})
    valid = sum("valid" not in case for case in cases)
    (folder / "broken.json").write_text(json.dumps({"format": 1, "kind": "wire", "cases": cases}))
    print(f"{len(cases)} broken copies, {valid} of them are still valid")
    cases = list(decisions(count, chance))
    allowed = sum(case["expect"]["allow"] for case in cases)
    (folder / "broken-policy.json").write_text(json.dumps({"format": 1, "kind": "policy", "cases": cases}))
    print(f"{len(cases)} broken messages, {allowed} of them are still allowed")
    cases = [case if holds(case) else case | {"valid": False} for case in rooms(count, chance)]
    valid = sum("valid" not in case for case in cases)
    (folder / "broken-room.json").write_text(json.dumps({"format": 1, "kind": "room", "cases": cases}))
    print(f"{len(cases)} broken rooms, {valid} of them still hold")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
