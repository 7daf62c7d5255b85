"""Kind `room-rule`: consent (mimi-protocol-06 section 5.7), messaging modes, the one room of a set of participants
(mimi-room-policy-04 section 5), two-person control and forks, step by step as ../README.md has them."""

import hashlib

from case import Wrong, refusal
from connection import one_spelling
from presentation import Refused
from suites import Unjudged, prefixed

NO_CONSENT, NO_CONSENT_FOR_THIS_ROOM = 5, 6
MAX_REQUESTS, MAX_FOR_TARGET = 64, 1024


class Step(Exception):
    """A step is refused, by this name."""


def identity(text):
    if refusal(one_spelling, text.encode(), "identity"):
        raise Step("spelling")
    return text


class Consent:
    """Words are kept in order; the last one about a room, or about any, counts."""

    def __init__(self, case):
        self.words, self.requests = [], []

    def decision(self, requester, target, room):
        for of, scope, granted in reversed(self.words):
            if of == (requester, target) and (scope is None or scope == room):
                return granted
        return None

    def still_granted(self, requester, target):
        rooms = {scope for of, scope, _ in self.words if of == (requester, target) and scope is not None}
        after_any = set()
        for of, scope, granted in self.words:
            if of != (requester, target):
                continue
            if scope is None:
                after_any.clear()
            elif granted:
                after_any.add(scope)
            else:
                after_any.discard(scope)
        return bool(after_any & rooms)

    def run(self, op, step):
        if op == "pending":
            target = identity(step["target"])
            mine = [(r, room) for r, t, room in self.requests if t == target]
            return [list(it) for it in sorted(mine, key=lambda it: (it[0].encode(), it[1] is not None, (it[1] or "").encode()))]
        requester, target = identity(step["requester"]), identity(step["target"])
        room = None if step["room"] is None else identity(step["room"])
        said = self.decision(requester, target, room)
        entry = (requester, target, room)
        if op == "check":
            if said:
                return "consented"
            other = said is None and self.still_granted(requester, target)
            name = "revoked" if said is False else "not_for_this_room" if other else "unanswered"
            return [name, NO_CONSENT_FOR_THIS_ROOM if other and step["tells_of_other_rooms"] else NO_CONSENT]
        if op == "request":
            if said is not None:
                return "already_granted" if said else "request_refused"
            if entry in self.requests:
                return "already_requested"
            of_pair = sum(it[:2] == entry[:2] for it in self.requests)
            if of_pair >= MAX_REQUESTS or sum(it[1] == target for it in self.requests) >= MAX_FOR_TARGET:
                return "too_many_requests"
            self.requests.append(entry)
            return "requested"
        if op == "cancel":
            if entry not in self.requests:
                return "nothing_to_cancel"
            self.requests.remove(entry)
            return "cancelled"
        if op not in ("grant", "revoke"):
            raise Wrong("steps", f"{op} is unknown")
        settled = [it for it in self.requests if it[:2] == entry[:2] and room in (None, it[2])]
        self.requests = [it for it in self.requests if it not in settled]
        self.words.append(((requester, target), room, op == "grant"))
        return ["granted" if op == "grant" else "revoked", len(settled)]


class MessagingMode:
    def __init__(self, case):
        self.senders, self.per_sender = case.get("limits")
        self.held = {}

    def run(self, op, step):
        if op == "deliver":
            mode, who = step["mode"], step["acquaintance"]
            if who in ("contact", "consented"):
                return "deliver"
            if mode == "consent_based":
                raise Step("no_consent")
            if who == "revoked":
                return "drop"
            return {"quarantined": "hold", "auto_accept": "deliver"}[mode]
        sender = identity(step["sender"])
        if op == "accept":
            return self.held.pop(sender, [])
        if len(self.held.get(sender, [])) >= self.per_sender or sender not in self.held and len(self.held) >= self.senders:
            raise Step("full")
        self.held.setdefault(sender, []).append(step["message"])
        return "held"


class Conversation:
    def __init__(self, case):
        self.rooms = {}

    def run(self, op, step):
        if op == "kind":
            if not step["fixed_membership"]:
                return "named"
            return "one_to_one" if step["count"] == 2 else "ad_hoc"
        users = sorted({identity(user).encode() for user in step["participants"]})
        parent = b"" if step["parent"] is None else identity(step["parent"]).encode()
        if not users:
            raise Step("no_participants")
        data = prefixed(b"MIMI conversation key 1") + prefixed(parent) + prefixed(b"".join(map(prefixed, users)))
        key = hashlib.sha256(data).hexdigest()
        if op == "key":
            return key
        if op == "room":
            return self.rooms.get(key)
        if op == "close":
            return self.rooms.pop(key, None)
        room = identity(step["room"])
        if self.rooms.setdefault(key, room) != room:
            raise Step("exists")
        return "opened"


def change_digest(room, change):
    parts = (b"MIMI two-person control 1", room.encode(), change)
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


class TwoPerson:
    def __init__(self, case):
        self.rule, self.proposer, self.at = case.get("rule"), case.text("proposer"), case.integer("at")
        one_spelling(case.utf8("room"), "room")
        one_spelling(case.utf8("proposer"), "proposer")
        self.digest = change_digest(case.text("room"), case.hex("change"))
        if self.digest != case.hex("digest"):
            raise Refused("another digest")
        self.approvers = set()

    def run(self, op, step):
        if op == "withdraw":
            had = step["user"] in self.approvers
            self.approvers.discard(identity(step["user"]))
            return had
        late = step["at"] >= self.at + self.rule["lifetime_ms"]
        roles = self.rule["approver_roles"]
        may = {user for user, role in step["roles"].items() if role and role in roles}
        if op == "finish":
            if late:
                raise Step("expired")
            if len(self.approvers & may) < self.rule["approvals"]:
                raise Step("too_few")
            return sorted(self.approvers & may, key=str.encode)
        user = identity(step["user"])
        digest = change_digest(identity(step["room"]), bytes.fromhex(step["change"]))
        for name, broken in (
            ("expired", late), ("before_proposal", step["at"] < self.at), ("other_change", digest != self.digest),
            ("own_proposal", user == self.proposer), ("role", user not in may), ("twice", user in self.approvers),
        ):
            if broken:
                raise Step(name)
        self.approvers.add(user)
        return "counted"


class Fork:
    def __init__(self, case):
        self.epoch, self.users = case.integer("epoch"), {}
        for user, client in case.get("clients"):
            one_spelling(user.encode(), "user")
            one_spelling(client.encode(), "client")
            self.users[client] = user
        self.said = {client: set() for client in self.users}

    def run(self, op, step):
        if op == "verdict":
            return self.verdict()
        client, data = identity(step["client"]), bytes.fromhex(step["epoch_authenticator"])
        for name, broken in (
            ("other_epoch", step["epoch"] != self.epoch), ("length", not 1 <= len(data) <= 64),
            ("not_a_member", client not in self.said),
        ):
            if broken:
                raise Step(name)
        self.said[client].add(data)
        return "counted"

    def verdict(self):
        clients = sorted(self.said, key=str.encode)
        silent = [it for it in clients if not self.said[it]]
        contradictory = [it for it in clients if len(self.said[it]) > 1]
        by_user = {}
        for client in clients:
            by_user.setdefault(self.users[client], set()).update(self.said[client])
        branches = []
        for data in sorted({min(it) for it in self.said.values() if len(it) == 1}):
            of = [it for it in clients if self.said[it] == {data}]
            users = sum(it == {data} for it in by_user.values())
            branches.append({"epoch_authenticator": data.hex(), "clients": of, "users": users})
        branches.sort(key=lambda it: (-it["users"], -len(it["clients"])))
        if not branches or branches[0]["users"] * 2 <= len(by_user):
            return {"verdict": "undecided", "branches": branches, "contradictory": contradictory, "silent": silent}
        rejoin = [it for it in clients if it in contradictory or any(it in b["clients"] for b in branches[1:])]
        if not rejoin:
            return {"verdict": "agreed", "branch": branches[0], "silent": silent}
        return {"verdict": "forked", "branch": branches[0], "others": branches[1:], "rejoin": rejoin, "silent": silent}


RULES = {
    "consent": Consent, "messaging_mode": MessagingMode, "conversation": Conversation, "two_person": TwoPerson, "fork": Fork,
}


def judge(case):
    if case.text("what") not in RULES:
        raise Unjudged(f"{case.text('what')} is unknown")
    rule = RULES[case.text("what")](case)
    for number, step in enumerate(case.get("steps")):
        try:
            outcome = rule.run(step["op"], step)
        except Step as refused:
            if "outcome" not in step:
                raise Refused(f"step {number}: {refused}") from None
            outcome = {"refused": str(refused)}
        if "outcome" not in step:
            raise Wrong("steps", f"step {number} has no outcome")
        if outcome != step["outcome"]:
            raise Refused(f"step {number}: {outcome}")


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("steps", reason)


def invalid(case):
    if refusal(judge, case) is None:
        raise Wrong("steps", "accepted")
