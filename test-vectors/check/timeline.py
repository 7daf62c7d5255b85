"""Kind `timeline`: what a person sees of messages. Every question walks through all messages; there is no index."""

import hashlib
import itertools
import random

from case import Wrong, hex_of
from content import decode_message, decode_status_report, message_id
from presentation import Refused

REPORT, REACTION, UNSPECIFIED = "application/mimi-message-status", 2, 0
READING, FINAL = {0, 2, 5}, {3, 4}


def is_type(text, essence):
    return text.split(";")[0].strip().lower() == essence


class Message:
    """A message with what the fold asks of it."""

    def __init__(self, room, sender, message_id, accepted, content):
        self.room, self.sender, self.id, self.content = room, sender, message_id, content
        self.times, self.local, self.reads = [accepted], None, []
        self.replaces, self.to = content.get("replaces"), content.get("in_reply_to")
        self.topic, self.expires = content.get("topic_id", b""), content.get("expires")
        lasting = [item for item in content.get("extensions", []) if item[0] not in (0, 1, 2, 3, 4, 256)]
        self.extensions = lasting
        units, self.reports, self.reactions = [], [], []
        reports, reacting, self.emptied, self.malformed = 0, 0, True, False
        for index, inherited, unit in self.units(content["body"], [0], False):
            units.append(unit)
            reaction = unit["disposition"] == REACTION or unit["disposition"] == UNSPECIFIED and inherited
            reacting += reaction
            empty = says_nothing(unit)
            self.emptied &= empty
            if unit["part"] == "single" and is_type(unit["content_type"], REPORT):
                reports += 1
                try:
                    self.reports += decode_status_report(unit["content"])
                except Refused:
                    self.malformed = True
            if reaction and not empty:
                self.reactions.append((index, unit))
        if not units:
            self.kind = "null" if content["body"]["part"] == "null" else "content"
        else:
            self.kind = "report" if reports == len(units) else "reaction" if reacting == len(units) else "content"

    def units(self, part, count, inherited):
        """The parts that are processed each by itself."""
        index = count[0]
        count[0] += 1
        reaction = part["disposition"] == REACTION or part["disposition"] == UNSPECIFIED and inherited
        if part["part"] == "multi" and part["semantics"] == 2:
            for inner in part["parts"]:
                yield from self.units(inner, count, reaction)
        elif part["part"] == "multi":
            count[0] += size(part) - 1
            yield index, inherited, part
        elif part["part"] != "null":
            yield index, inherited, part

    @property
    def place(self):
        return (min(self.times), self.id)

    def is_entry(self):
        return self.kind in ("content", "null") or self.kind == "reaction" and self.to is None


def size(part):
    return 1 + sum(size(inner) for inner in part.get("parts", []))


def says_nothing(part):
    if part["part"] == "multi":
        return all(says_nothing(inner) for inner in part["parts"])
    if part["part"] == "single":
        return not part["content"] and part["content_type"].strip().lower().startswith("text/")
    return part["part"] == "null"


class Room:
    def __init__(self, local_user, now):
        self.local_user, self.now = local_user, now
        self.messages, self.retractions = {}, []

    # Which messages there are.

    def end(self, message_id):
        seen = set()
        while message_id in self.messages and self.messages[message_id].replaces is not None:
            if message_id in seen:
                return None
            seen.add(message_id)
            message_id = self.messages[message_id].replaces
        return message_id

    def first(self, message):
        return self.messages.get(self.end(message.id))

    def replacing(self, first):
        found = [m for m in self.messages.values() if m is not first and self.first(m) is first]
        return sorted(found, key=lambda message: message.place)

    def retraction(self, message):
        found = []
        for retraction in self.retractions:
            if message.id in retraction["ids"]:
                found.append((retraction["at"], retraction["by"], retraction))
            elif retraction["sender"] == message.sender and (retraction["from"] or 0) <= message.place[0]:
                found.append((retraction["at"], retraction["by"], retraction))
        return min(found, key=lambda item: item[:2])[2] if found else None

    # What replaces what: only senders change what is theirs, and no topic.

    def change(self, first, message):
        own = first.sender == message.sender
        if first.kind == "report":
            return "other_kind"
        if first.kind == "reaction" and message.emptied or message.kind == "null":
            return "deletion" if own else "not_authorized"
        if first.kind != message.kind:
            return "other_kind"
        return "edit" if own else "not_authorized"

    def deletion(self, first):
        for message in self.replacing(first):
            if self.change(first, message) == "deletion" and not self.retraction(message):
                return message
        return None

    def standing(self, message):
        if message.replaces is None:
            return "first"
        first = self.first(message)
        if first is None:
            return "held"
        change, deletion = self.change(first, message), self.deletion(first)
        if change in ("edit", "deletion") and self.retraction(message):
            return "retracted"
        if change == "edit" and deletion and deletion.place < message.place:
            return "after_deletion"
        return change

    def shown(self, first):
        return [first] + [m for m in self.replacing(first) if self.standing(m) == "edit"]

    # When it goes.

    def expires_at(self, first, versions):
        if first.expires is None:
            return None
        if not first.expires["relative"]:
            return first.expires["time"] * 1000
        reads = [read for message in [first, *versions] for read in message.reads]
        return min(reads) + first.expires["time"] * 1000 if reads else None

    def state(self, first):
        due = self.expires_at(first, self.replacing(first))
        if due is not None and due <= self.now:
            return "expired"
        if self.retraction(first):
            return "retracted"
        return "deleted" if self.deletion(first) else "shown"

    # What belongs to it.

    def reference(self, first):
        if first.to is None:
            return None
        target = self.messages.get(first.to)
        if target is None:
            return {"message_id": first.to.hex(), "state": "unseen"}
        whole, standing = self.first(target), self.standing(target)
        state = self.state(whole) if whole else None
        due = self.expires_at(target, []) if whole is None else None
        if state == "expired" or due is not None and due <= self.now:
            name = "expired"
        elif state == "retracted" or standing == "retracted":
            name = "retracted"
        elif standing == "held":
            name = "held"
        elif standing not in ("first", "edit"):
            name = "no_effect"
        elif state == "deleted":
            name = "deleted"
        else:
            name = "newest" if self.shown(whole)[-1] is target else "older"
        return {"message_id": first.to.hex(), "state": name}

    def firsts(self):
        return sorted((m for m in self.messages.values() if m.replaces is None), key=lambda message: message.place)

    def reactions(self, first):
        found = []
        if self.state(first) in ("expired", "retracted"):
            return found
        shown = {message.id for message in self.shown(first)}
        for reaction in self.firsts():
            reacts = reaction.kind == "reaction" or reaction.reactions
            if reaction.to in shown and reacts and self.state(reaction) == "shown":
                for index, part in self.shown(reaction)[-1].reactions:
                    if not is_type(part.get("content_type", ""), "text/plain"):
                        raise Wrong("rooms", "a reaction that is not text is not judged here")
                    found.append({
                        "message_id": reaction.id.hex(), "sender_uri": reaction.sender, "to": reaction.to.hex(), "part": index,
                        "reaction": {"text": part["content"].decode()},
                    })
        return found

    def groups(self, first):
        found = {}
        for reaction in self.reactions(first):
            key = reaction["reaction"]["text"].replace("\ufe0f", "")
            group = {"to": reaction["to"], "part": reaction["part"], "reaction": reaction["reaction"], "senders": set()}
            found.setdefault(key, group)["senders"].add(reaction["sender_uri"])
        return [{**group, "senders": sorted(group["senders"])} for group in found.values()]

    def statuses(self, first):
        shown, holds = {message.id for message in self.shown(first)}, {}
        for report in sorted(self.messages.values(), key=lambda message: message.place):
            for about, status in report.reports:
                if about in shown:
                    before = holds.get(report.sender, (None, None))[0]
                    if before is None or follows(before, status):
                        holds[report.sender] = (status, about)
        return [{"reader_uri": r, "message_id": a.hex(), "status": s} for r, (s, a) in sorted(holds.items())]

    def findings(self, message):
        if message.local or message.sender == self.local_user:
            return []
        found, first = [], self.first(message)
        if message.replaces is not None and first is not None:
            change = self.change(first, message)
            if change == "other_kind":
                found.append("what it replaces is of another kind")
            if change == "not_authorized":
                found.append("not authorized")
            reaction = first.kind == "reaction"
            deletes = first.kind != "report" and (message.kind == "null" or reaction and message.emptied)
            if change != "other_kind" and not deletes and message.topic != first.topic:
                found.append("another topic, not authorized")
            fields = []
            for name, mine, theirs in (("expires", message.expires, first.expires), ("inReplyTo", message.to, first.to)):
                if mine != theirs and not (deletes and mine is None):
                    fields.append(name)
            if message.extensions and message.extensions != first.extensions:
                fields.append("extensions")
            if fields:
                found.append("an edit with other fields than the original: " + " ".join(fields))
            if self.standing(message) == "after_deletion":
                found.append("an edit after the deletion")
        if len(set(message.times)) > 1:
            found.append(f"accepted again at {max(message.times)} ms")
        if message.malformed:
            found.append("a malformed status report")
        return found

    def entry(self, first):
        versions, state = self.replacing(first), self.state(first)
        retraction = self.retraction(first)
        replies = [m.id.hex() for m in self.firsts() if m.is_entry() and m.to in {v.id for v in [first, *versions]}]
        return {
            "message_id": first.id.hex(), "sender_uri": first.sender, "accepted_timestamp": first.place[0],
            "topic_id": first.topic.hex(), "state": state, "local": first.local,
            "retracted": retraction and {key: retraction[key] for key in ("by", "reason", "at", "from")},
            "expires_at": self.expires_at(first, versions), "edited": len(self.shown(first)) > 1,
            "current": self.shown(first)[-1].id.hex(),
            "versions": [
                {"message_id": v.id.hex(), "sender_uri": v.sender, "accepted_timestamp": v.place[0], "standing": self.standing(v)}
                for v in [first, *versions]
            ],
            "in_reply_to": self.reference(first), "replies": replies, "reactions": self.reactions(first),
            "reaction_groups": self.groups(first), "statuses": self.statuses(first),
        }

    def view(self, uri):
        ordered = sorted(self.messages.values(), key=lambda message: message.place)
        referred = {r for m in ordered for r in (m.replaces, m.to) if r is not None}
        return {
            "room_uri": uri, "messages": len(ordered), "entries": [self.entry(m) for m in self.firsts() if m.is_entry()],
            "held": [m.id.hex() for m in ordered if self.standing(m) == "held"],
            "unseen": sorted(r.hex() for r in referred if r not in self.messages),
            "findings": [
                {"message_id": m.id.hex(), "sender_uri": m.sender, "kind": m.kind, "findings": self.findings(m)}
                for m in ordered if self.findings(m)
            ],
        }


def follows(before, after):
    """Whether a later report changes what holds of a reader's: delivery and reading are two facts."""
    if before in FINAL or after > 6 and before <= 6:
        return False
    return not (before in READING and after in (1, 6))


def component(number, data):
    """HubRetractedMessagesComponent and HubRetractedRangeComponent of hub-retracted-messages-00."""
    at = 0

    def take(count):
        nonlocal at
        if at + count > len(data):
            raise Refused("cut off")
        at += count
        return data[at - count:at]

    def vector():
        first = take(1)[0]
        width = 1 << (first >> 6)
        if width == 8:
            raise Refused("no such length")
        length = int.from_bytes(bytes([first & 0x3F]) + take(width - 1), "big")
        if width > 1 and length < 1 << (8 * width // 2 - 2):
            raise Refused("a length has a shorter form")
        return take(length)

    def optional(read):
        present = take(1)[0]
        if present > 1:
            raise Refused("neither there nor absent")
        return read() if present else None

    found = {"at": int.from_bytes(take(8), "big"), "by": vector().decode(), "reason": optional(lambda: take(1)[0])}
    if number == 80:
        ids = vector()
        if len(ids) % 32:
            raise Refused("a message ID has 32 octets")
        found |= {"ids": [ids[i:i + 32] for i in range(0, len(ids), 32)], "sender": None, "from": None}
    elif number == 81:
        found |= {"ids": [], "sender": vector().decode(), "from": optional(lambda: int.from_bytes(take(8), "big"))}
    else:
        raise Refused("a component that retracts nothing")
    if at != len(data):
        raise Refused("bytes follow")
    return found


def fold(lines, local_user, now):
    rooms, local, answers = {}, {}, {}

    def room(uri):
        return rooms.setdefault(uri, Room(local_user, now))

    def answer(message, line):
        if "accepted_timestamp" in line:
            if message.local:
                message.local, message.times = None, []
            message.times.append(line["accepted_timestamp"])
        elif line.get("failed") and message.local:
            message.local = "failed"

    for line in lines:
        if "retraction" in line:
            room(line["room_uri"]).retractions.append(component(line["component"], hex_of(line["retraction"], "retraction")))
            continue
        name = line.get("local")
        if "encoded" not in line:
            if name in local:
                answer(local[name], line)
            else:
                answers.setdefault(name, []).append(line)
            continue
        encoded, sender = hex_of(line["encoded"], "encoded"), line["sender_uri"]
        if is_type(line.get("content_type", ""), REPORT):
            decode_status_report(encoded)
            salt = b""
            body = {"part": "single", "disposition": 0, "content_type": REPORT, "content": encoded}
            content = {"body": body}
        else:
            content = decode_message(encoded)
            salt = content["salt"]
        found = message_id(sender.encode(), line["room_uri"].encode(), encoded, salt)
        here = room(line["room_uri"])
        message = here.messages.get(found)
        if name is None:
            accepted = line["accepted_timestamp"]
            if message is None:
                message = here.messages[found] = Message(line["room_uri"], sender, found, accepted, content)
            else:
                answer(message, line)
        else:
            if message is None:
                message = here.messages[found] = Message(line["room_uri"], sender, found, line["created_at"], content)
                message.local = "pending"
            elif message.local:
                message.local, message.times = "pending", [line["created_at"]]
            local[name] = message
            for held in answers.pop(name, []):
                answer(message, held)
        if "read_at" in line:
            message.reads.append(line["read_at"])
    return [rooms[uri].view(uri) for uri in sorted(rooms)]


def snapshot_messages(data):
    """Of the messages in a snapshot what identifies them: {message ID: (first accepted timestamp, content)}."""
    if data[:1] != b"\x01":
        raise Refused("a snapshot of another version")
    body, found = data[:-16], data[-16:]
    if hashlib.sha256(body).digest()[:16] != found:
        raise Refused("a snapshot with another hash")
    at = 1

    def take(count):
        nonlocal at
        if at + count > len(body):
            raise Refused("the snapshot ends too early")
        at += count
        return body[at - count:at]

    def run():
        length, shift = 0, 0
        while True:
            byte = take(1)[0]
            length, shift = length | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return take(length)

    def is_there():
        byte = take(1)[0]
        if byte > 1:
            raise Refused("neither there nor not")
        return byte == 1

    if is_there():
        run().decode()
    if is_there():
        take(40)
    messages = {}
    while at < len(body):
        row = run()
        if row[:1] != b"\x01":
            raise Refused("a row of another version")
        if row[1] == 1:
            messages[row[10:42]] = int.from_bytes(row[2:10], "big"), run() if is_there() else None
        elif row[1] == 2:
            take(33)
        elif row[1] == 5:
            run()
        elif row[1] not in (3, 4, 6):
            raise Refused("a row of another type")
    return messages


def compare_snapshots(case):
    """The messages in a snapshot are those of the lines, at their times."""
    expected = {}
    for line in case.get("messages"):
        if "encoded" in line:
            encoded = hex_of(line["encoded"], "encoded")
            bare = is_type(line.get("content_type", ""), REPORT)
            salt = b"" if bare else decode_message(encoded)["salt"]
            found = message_id(line["sender_uri"].encode(), line["room_uri"].encode(), encoded, salt)
            expected.setdefault(line["room_uri"], {})[found] = b"" if bare else encoded
    for uri, snapshot in case.get("snapshots").items():
        try:
            found = snapshot_messages(hex_of(snapshot, "snapshots"))
        except Refused as refused:
            raise Wrong("snapshots", f"refused: {refused}") from None
        here = expected.get(uri, {})
        if set(found) != set(here):
            raise Wrong("snapshots", "other messages than in the lines")
        if any(content not in (None, here[one]) for one, (_, content) in found.items()):
            raise Wrong("snapshots", "other contents than in the lines")


def compare(path, expected, found):
    """Of an object only the members that the case has; a finding by its beginning, as its reason is free text."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            if name not in ("body", "severity"):
                compare(f"{path}.{name}", value, found.get(name))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found)):
            compare(f"{path}[{index}]", one, other)
    elif ".findings[" in path and isinstance(expected, str) and isinstance(found, str):
        if not expected.startswith(found):
            raise Wrong(path, f"found {found!r}")
    elif expected != found:
        raise Wrong(path, f"found {found!r}")


def valid(case):
    lines, now = case.get("messages"), case.data.get("now") or 0
    orders = [lines]
    if case.has("orders"):
        case.equal("orders", "any")
        shuffled = random.Random(1)
        orders = list(itertools.permutations(lines)) if len(lines) < 5 else [
            lines, lines[::-1], *(shuffled.sample(lines, len(lines)) for _ in range(40))
        ]
    for order in orders:
        try:
            found = fold(order, case.data.get("local_user"), now)
        except Refused as refused:
            raise Wrong("messages", f"refused: {refused}") from None
        compare("rooms", case.get("rooms"), found)
    if case.has("snapshots"):
        compare_snapshots(case)


def invalid(case):
    try:
        if case.has("snapshots"):
            for snapshot in case.get("snapshots").values():
                snapshot_messages(hex_of(snapshot, "snapshots"))
        else:
            fold(case.get("messages"), None, 0)
    except Refused:
        return
    raise Wrong("messages", "accepted")
