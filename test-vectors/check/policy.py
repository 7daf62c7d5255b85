"""Kind `policy`: one decision of mimi-room-policy-04, rule by rule as its sections have them."""

import content as messages
import policy_content
from capabilities import CAPABILITIES, PRESETS
import name as names
from case import Wrong, hex_of
from presentation import Refused

NO_ROLE, BANNED = 0, 1
BASE = {
    "fixed_membership": False, "parent_dependant": False, "parent_room": "", "multi_device": True, "max_clients": None,
    "max_users": None, "pseudonyms_allowed": True, "persistent_room": True, "discoverable": False,
}
METADATA = {
    "name": "canChangeRoomName", "descriptions": "canChangeRoomDescription", "avatar": "canChangeRoomAvatar",
    "subject": "canChangeRoomSubject", "mood": "canChangeRoomMood",
}
USES = {
    "receive_message": "canReceiveMessage", "copy_message": "canCopyMessage", "report_abuse": "canReportAbuse",
    "download_image": "canDownloadImage", "download_audio": "canDownloadAudio", "download_video": "canDownloadVideo",
    "download_attachment": "canDownloadAttachment", "follow_link": "canFollowLink", "copy_link": "canCopyLink",
    "start_call": "canStartCall", "join_call": "canJoinCall", "send_audio": "canSendAudio",
    "receive_audio": "canReceiveAudio", "send_video": "canSendVideo", "receive_video": "canReceiveVideo",
    "share_screen": "canShareScreen", "view_shared_screen": "canViewSharedScreen",
}
# The hub withholds messages and takes the reports.
SEEN_BY_HUB = ("receive_message", "report_abuse")
LIST_CHANGES = ("add_participant", "remove_participant", "set_role", "use_join_code")
ROOM_UPDATES = ("update_metadata", "update_roles", "update_preauth", "update_base")


class Unseen(Refused):
    """What lies inside the encryption: the hub can't refuse it."""


def require(condition, reason):
    if not condition:
        raise Refused(reason)


def require_spelling(identifier):
    """A MIMI URI counts in its normal form, and what begins like one must be one (reading D48)."""
    data = identifier.encode() if isinstance(identifier, str) else identifier
    if not names.reads_as_mimi(data):
        return
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise Refused("no MIMI URI") from None
    require(names.normal(text) == text, "another spelling of a MIMI URI")


def require_claim_spelling(claims):
    for _, _, value in claims:
        if bytes.fromhex(value)[:5].lower() == b"mimi:":
            require_spelling(bytes.fromhex(value))


def require_party_spelling(actor):
    for field in ("user", "client", "external_sender"):
        if actor.get(field) is not None:
            require_spelling(actor[field])
    require_claim_spelling(actor.get("claims", []))


def require_change_spelling(change):
    for field in ("user", "client"):
        if field in change:
            require_spelling(change[field])
    if "by" in change:
        require_party_spelling(change["by"])
    for entry in change.get("preauth") or []:
        require_claim_spelling(entry["claims"])


class Role:
    def __init__(self, role):
        self.index, self.name = role["index"], role.get("name", "")
        # A capability that isn't registered grants nothing; both spellings of canUnBan are one.
        self.capabilities = {CAPABILITIES.get(c, c) for c in role.get("capabilities", [])}
        self.minimum, self.maximum = role.get("min", 0), role.get("max")
        self.minimum_active, self.maximum_active = role.get("min_active", 0), role.get("max_active")
        self.changes = role.get("changes", [])

    def can(self, capability):
        return CAPABILITIES[capability] in self.capabilities

    def may_move(self, source, target):
        """authorized_role_changes, by every entry whose from_role_index is `source`."""
        return any(entry[0] == source and target in entry[1] for entry in self.changes)


class Room:
    """A room's state. `claims` of an actor are compared octet for octet, so as the text that the JSON has."""

    def __init__(self, data):
        self.base = BASE | {k: v for k, v in data.get("base", {}).items() if v is not None}
        roles = data["roles"]
        self.role_list = [Role(role) for role in (PRESETS[roles] if isinstance(roles, str) else roles)]
        self.roles = {role.index: role for role in self.role_list}
        self.preauth = data.get("preauth", [])
        self.entries = [tuple(entry) for entry in data.get("participants", [])]
        self.listed = dict(self.entries)
        self.clients = {client: user for user, client in data.get("clients", [])}
        self.client_count = len(data.get("clients", []))
        self.parent = data.get("parent_participants")
        self.banned_in_parent = data.get("banned_in_parent", [])
        # Users who are banned in the parent count as its participants, and may not be in the room.
        self.in_parent = set(self.parent or []) - set(self.banned_in_parent)
        self.parent_count = len({*(self.parent or []), *self.banned_in_parent})

    def role(self, index):
        return self.roles.get(index) or Role({"index": index})

    @property
    def has_banned_role(self):
        return BANNED in self.roles and self.roles[BANNED].name == "banned"

    def is_banned(self, user):
        return self.has_banned_role and self.listed.get(user) == BANNED

    def has_left_parent(self, user):
        """A user on the list who is in the parent room no longer (room-policy 5, reading D52)."""
        known = self.base["parent_dependant"] and self.parent is not None
        return known and user in self.listed and user not in self.in_parent

    def clients_of(self, user):
        return {client for client, owner in self.clients.items() if owner == user}

    def active(self):
        return set(self.clients.values())

    def count(self, role, active_only):
        active = self.active() if active_only else None
        return sum(1 for user, index in self.listed.items() if index == role and (active is None or user in active))

    def preauthorized(self, claims, skip_no_role=False):
        """The role of the first entry whose claims are all there."""
        given = {tuple(claim) for claim in claims}
        for entry in self.preauth:
            if skip_no_role and entry["role"] == NO_ROLE:
                continue
            if {tuple(claim) for claim in entry["claims"]} <= given:
                return entry["role"]
        return None

    def copy(self):
        other = Room.__new__(Room)
        other.__dict__.update(self.__dict__)
        other.listed, other.clients = dict(self.listed), dict(self.clients)
        return other

    def check(self):
        """A room that breaks one of these is invalid: every decision is a refusal."""
        require(len(self.role_list) == len(self.roles), "a role index occurs twice")
        require(len(self.entries) == len({user for user, _ in self.entries}), "a participant occurs twice")
        require(self.client_count == len(self.clients), "a client occurs twice")
        for identifier in (*self.listed, *self.clients, *self.clients.values(), *(self.parent or []), *self.banned_in_parent):
            require_spelling(identifier)
        for entry in self.preauth:
            require_claim_spelling(entry["claims"])
        self.check_state()

    def check_state(self):
        base = self.base
        for role in self.roles.values():
            require(role.maximum is None or role.minimum <= role.maximum, "a minimum above its maximum")
            require(role.maximum_active is None or role.minimum_active <= role.maximum_active, "a minimum above its maximum")
            if role.index != NO_ROLE:
                require(not role.can("canOpenJoin"), "canOpenJoin on a role")
                if base["fixed_membership"] and not (role.index == BANNED and role.name == "banned"):
                    require(not role.can("canAddParticipant"), "canAddParticipant in a room of fixed membership")
        for user, index in self.listed.items():
            require(index != NO_ROLE and index in self.roles, "a participant without a role")
        require(set(self.clients.values()) <= set(self.listed), "a client of no user on the list")
        require(bool(base["parent_room"]) == base["parent_dependant"], "parent_dependant and parent_room disagree")
        self.check_limits()

    def check_limits(self):
        owners = list(self.clients.values())
        require(self.base["multi_device"] or len(owners) == len(set(owners)), "a user with two clients")
        require(self.base["max_clients"] is None or len(owners) <= self.base["max_clients"], "max_clients")
        # A full list bans no user from being banned.
        users = [user for user, index in self.listed.items() if not (index == BANNED and self.has_banned_role)]
        require(self.base["max_users"] is None or len(users) <= self.base["max_users"], "max_users")


class Party:
    """A user who stands behind a change, with the role that its rights come from."""

    def __init__(self, room, actor):
        self.is_server = "external_sender" in actor
        self.uri = actor.get("external_sender") if self.is_server else actor["user"]
        self.client, self.claims = actor.get("client"), actor.get("claims", [])
        self.is_listed = self.uri in room.listed
        if self.is_listed:
            self.index = room.listed[self.uri]
        elif self.is_server:
            self.index = room.preauthorized(self.claims)
        else:
            self.index = NO_ROLE
        # A server that is preauthorized for nothing has no capability at all, not those of role 0.
        self.role = Role({"index": NO_ROLE}) if self.is_server and not self.index else room.role(self.index)

    def can(self, capability):
        return self.role.can(capability)


class Decision:
    """The judgement of one commit, proposal list or message, against the state before it."""

    def __init__(self, before, actor, form):
        self.before, self.after, self.form = before, before.copy(), form
        self.actor = actor
        self.touched, self.ban_only = set(), set()
        self.gone = {}  # users who have to be out of the group, and who takes them out with them, if that is a right
        self.gone_before = set()
        self.forced = set()  # users whose departure takes no right and asks for no minimum
        self.added_by = {}
        self.kinds, self.pending_kinds = [], []
        self.roles_by = None

    def judge(self, changes):
        before = self.before
        by = [Party(before, change["by"]) if "by" in change else self.actor for change in changes]
        self.check_form(changes, by)
        self.kinds = [change["op"] for change in changes]
        self.check_company()
        for change, party in zip(changes, by):
            if change["op"] in LIST_CHANGES:
                require(change["user"] not in self.touched, "two operations on one user")
                self.touched.add(change["user"])
            if change["op"] not in ("add_client", "remove_client"):
                getattr(self, change["op"])(change, party)
        for kind in ("remove_client", "add_client"):
            for change, party in zip(changes, by):
                if change["op"] == kind:
                    getattr(self, kind)(change, party)
        self.join()
        self.check_after()

    def check_form(self, changes, by):
        form, actor, before = self.form, self.actor, self.before
        if actor.is_server:
            require(form in ("external_proposal", "proposal"), "servers propose, and never commit")
        elif form in ("proposal", "commit", "message"):
            require(actor.is_listed and before.clients_of(actor.uri), "only active participants")
            require(actor.client is None or actor.client in before.clients_of(actor.uri), "a client that isn't in the group")
        elif form == "external_proposal":
            require(actor.is_listed, "outsiders join by external commit")
            own = all(c["op"] == "add_client" and c["client"] == actor.client for c in changes)
            require(own and changes, "a new member proposes to add itself")
        if form == "external_commit":
            leaves = any(c["op"] == "remove_client" and c["client"] == actor.client for c in changes)
            require(actor.client not in before.clients or leaves, "the client is in the group already")
            for change, party in zip(changes, by):
                added = change["op"] == "add_client" and party is actor and change["client"] != actor.client
                require(not added, "an external commit adds the joining client")
                removed = change["op"] == "remove_client" and party is actor and change["user"] != actor.uri
                require(not removed, "an external commit removes an earlier client of the joining user only")

    def check_company(self):
        """What may share a commit (room-policy 3 and 4, RFC 9420 12.2)."""
        kinds = self.pending_kinds + self.kinds
        for kind in ("update_metadata", "update_roles", "update_preauth", "update_base", "reinit"):
            require(kinds.count(kind) <= 1, f"two of {kind}")
        if "update_roles" in kinds:
            require(not set(kinds) & set(LIST_CHANGES), "roles and list change together")
        if "update_preauth" in kinds:
            require(not set(kinds) & {"add_participant", "set_role", "use_join_code"}, "preauthorization and list change together")
        if "reinit" in kinds:
            require(len(kinds) == 1, "a ReInit stands alone")

    # --- the participant list ---

    def add_participant(self, change, party):
        user, index, before = change["user"], change["role"], self.before
        require(not before.base["fixed_membership"], "fixed membership")
        require(user not in before.listed, "already on the list")
        require(index != NO_ROLE and index in before.roles, "no such role")
        if user == party.uri and not party.is_server:
            require(self.form == "external_commit", "one joins by external commit")
            require(self.may_join(party, index), "may not join")
        else:
            adds = party.can("canAddParticipant")
            bans = index == BANNED and before.has_banned_role and party.can("canBan")
            require((adds or bans) and party.role.may_move(NO_ROLE, index), "may not add")
            if bans:
                self.ban_only.add(user)
            if index == BANNED and before.has_banned_role:
                self.must_be_gone(user)
        self.after.listed[user] = index
        self.added_by[user] = party.uri

    def may_join(self, party, index):
        """Without a code: openly, or preauthorized."""
        openly = party.can("canOpenJoin") and party.role.may_move(NO_ROLE, index)
        preauthorized = self.before.role(index).can("canJoinIfPreauthorized")
        return openly or preauthorized and self.before.preauthorized(party.claims) == index

    def use_join_code(self, change, party):
        user, index, before = change["user"], change["role"], self.before
        require(not before.base["fixed_membership"], "fixed membership")
        require(self.form == "external_commit" and user == party.uri and not party.is_server, "one joins by oneself")
        require(user not in before.listed, "already on the list")
        require(index != NO_ROLE and index in before.roles, "no such role")
        # Absent: the party that judges doesn't know. A bad code takes no other way (reading D47).
        by_code = change.get("valid") is not False and party.can("canUseJoinCode")
        by_code = by_code and party.role.may_move(NO_ROLE, index)
        require(by_code or self.may_join(party, index), "may not join")
        self.after.listed[user] = index
        self.added_by[user] = party.uri

    def remove_participant(self, change, party):
        user, before = change["user"], self.before
        if before.has_left_parent(user):
            del self.after.listed[user]
            self.gone[user] = party.uri
            self.forced.add(user)
            return
        require(not before.base["fixed_membership"], "fixed membership")
        require(user in before.listed, "not on the list")
        capability = "canRemoveSelf" if user == party.uri else "canRemoveParticipant"
        require(party.can(capability), f"no {capability}")
        require(party.role.may_move(before.listed[user], NO_ROLE), "authorized_role_changes")
        del self.after.listed[user]
        self.gone[user] = party.uri
        self.must_be_gone(user)

    def set_role(self, change, party):
        user, index, before = change["user"], change["role"], self.before
        require(user in before.listed, "not on the list")
        require(index != NO_ROLE and index in before.roles, "no such role")
        source = before.listed[user]
        if user == party.uri:
            require(party.can("canChangeOwnRole") and before.preauthorized(party.claims, True) == index, "may not change its own role")
        else:
            require(party.role.may_move(source, index), "authorized_role_changes")
            bans = index == BANNED and before.has_banned_role and party.can("canBan")
            unbans = source == BANNED and before.has_banned_role and party.can("canUnBan")
            require(bans or unbans or party.can("canChangeUserRole"), "may not change roles")
            if bans:
                self.ban_only.add(user)
                self.gone[user] = party.uri
        self.after.listed[user] = index
        if index == BANNED and before.has_banned_role:
            self.must_be_gone(user)

    def must_be_gone(self, user):
        self.gone.setdefault(user, None)

    # --- clients ---

    def add_client(self, change, party):
        user, client, before = change["user"], change["client"], self.before
        require(client not in self.after.clients, "already in the group")
        require(user in self.after.listed, "not on the list")
        if self.added_by.get(user) == party.uri and user != party.uri:
            pass  # a user who adds a user adds its clients
        elif user == party.uri and user in self.added_by:
            require(client == self.actor.client, "an external commit adds the joining client")
        else:
            require(user == party.uri and user in before.listed, "only the user itself adds its clients later")
            require(party.can("canAddOwnClient"), "no canAddOwnClient")
            if self.form == "external_commit" and party is self.actor:
                require(client == self.actor.client, "an external commit adds the joining client")
        self.after.clients[client] = user

    def join(self):
        """The joining client of an external commit, named by an add_client or not."""
        actor = self.actor
        if self.form != "external_commit" or actor.client is None or actor.client in self.after.clients:
            return
        require(actor.uri in self.after.listed, "not on the list")
        if actor.uri in self.before.listed:
            require(actor.can("canAddOwnClient"), "no canAddOwnClient")
        self.after.clients[actor.client] = actor.uri

    def remove_client(self, change, party):
        user, client, before = change["user"], change["client"], self.before
        require(before.clients.get(client) == user and client in self.after.clients, "not in the group")
        if self.form == "commit":
            require(client != self.actor.client, "a client doesn't commit its own removal")
        bans_now = not before.has_banned_role and self.after.has_banned_role and before.listed.get(user) == BANNED
        if before.is_banned(user) and user not in self.touched or bans_now and party.uri == self.roles_by:
            self.forced.add(user)
        elif user == party.uri:
            leaves = self.gone.get(user) == party.uri
            require(leaves or party.can("canRemoveOwnClient"), "no canRemoveOwnClient")
        else:
            by = self.gone.get(user)
            require(by is not None or party.can("canKick"), "no canKick")
        del self.after.clients[client]

    # --- the rest ---

    def update_metadata(self, change, party):
        for field in change["fields"]:
            require(party.can(METADATA[field]), f"no {METADATA[field]}")

    def update_roles(self, change, party):
        require(party.can("canChangeRoleDefinitions"), "no canChangeRoleDefinitions")
        roles = change["roles"]
        roles = [Role(role) for role in (PRESETS[roles] if isinstance(roles, str) else roles)]
        require(len(roles) == len({role.index for role in roles}), "a role index occurs twice")
        self.after.roles = {role.index: role for role in roles}
        self.roles_by = getattr(party, "uri", None)

    def update_preauth(self, change, party):
        require(party.can("canChangePreauthorizedUserList"), "no canChangePreauthorizedUserList")
        self.after.preauth = change["preauth"]

    def update_base(self, change, party):
        require(party.can("canChangeRoomMembershipStyle"), "no canChangeRoomMembershipStyle")
        self.after.base = BASE | {k: v for k, v in change["base"].items() if v is not None}

    def reinit(self, _, party):
        require(party.can("canSendMLSReinitProposal"), "no canSendMLSReinitProposal")

    def destroy_room(self, _, party):
        require(party.can("canDestroyRoom"), "no canDestroyRoom")

    def content(self, change, party):
        earlier = dict(change.get("earlier", {}))
        for message_id, author in change.get("author_of", {}).items():
            earlier.setdefault(message_id, {"author": author})
        message = messages.decode_message(hex_of(change["encoded"], "encoded"))
        for capability in policy_content.needed(message, earlier, party.uri, set(self.before.listed)):
            require(capability is not None, "what no capability allows")
            require(party.can(capability), f"no {capability}")

    # --- the state after all changes ---

    def check_after(self):
        before, after = self.before, self.after
        commits = self.form in ("commit", "external_commit")
        for user, by in self.gone.items():
            left = after.clients_of(user)
            # A proposal may leave the clients to the commit, if any member can commit that; who leaves proposes both at once.
            later = not commits and (user in self.gone_before or by not in (None, user))
            require(not left or later, "clients of a user who is gone")
            for client in left:
                del after.clients[client]
        if after.has_banned_role and not before.has_banned_role:
            banned = {user for user, index in after.listed.items() if index == BANNED}
            require(not banned & after.active(), "clients of users whom new roles ban")
        self.check_parent()
        after.check_state()
        for index in set(before.roles) | set(after.roles):
            self.check_constraints(index)

    def check_parent(self):
        """Being in the parent is asked of those who come, and of all when the room begins to depend on one."""
        before, after = self.before, self.after
        if not after.base["parent_dependant"]:
            return
        begins = not before.base["parent_dependant"]
        same = begins or before.base["parent_room"] == after.base["parent_room"]
        require(same, "another parent room, whose participants are not known")
        come = set(after.listed) if begins else set(after.listed) - set(before.listed)
        if come or begins:
            require(after.parent is not None, "a parent room whose participants are not known")
            require(come <= after.in_parent, "not in the parent room")
            require(len(after.listed) < after.parent_count, "no strict subset of the parent room")

    def check_constraints(self, index):
        """Minimums of a role that loses a user, maximums of one that gains a user."""
        before, after = self.before, self.after
        role = after.role(index)
        if index == NO_ROLE:
            return
        for active, minimum, maximum in (
            (False, role.minimum, role.maximum), (True, role.minimum_active, role.maximum_active),
        ):
            held, holds = self.members(before, index, active), self.members(after, index, active)
            if held - holds - self.forced:
                require(len(holds) >= minimum, "a minimum")
            if holds - held - (self.ban_only if index == BANNED else set()):
                require(maximum is None or len(holds) <= maximum, "a maximum")

    @staticmethod
    def members(room, index, active_only):
        active = room.active()
        return {user for user, role in room.listed.items() if role == index and (not active_only or user in active)}


def with_pending(room, pending):
    """The state that counts: the committed one with every change that the hub has accepted since. What is pending is part of the next
    commit too, so its users, kinds and clients that have to go are counted in."""
    decision = Decision(room, None, "proposal")
    for entry in pending:
        change = entry["change"]
        decision.kinds.append(change["op"])
        user = change.get("user")
        proposer = entry["by"].get("user", entry["by"].get("external_sender"))
        if change["op"] in LIST_CHANGES:
            decision.touched.add(user)
        if change["op"] in ("add_participant", "use_join_code", "set_role"):
            decision.after.listed[user] = change["role"]
            if change["op"] == "set_role" and change["role"] == BANNED and room.has_banned_role:
                decision.gone[user] = proposer
        elif change["op"] == "remove_participant":
            del decision.after.listed[user]
            decision.gone[user] = proposer
        elif change["op"] == "add_client":
            decision.after.clients[change["client"]] = user
        elif change["op"] == "remove_client":
            del decision.after.clients[change["client"]]
        elif change["op"] in ("update_roles", "update_preauth", "update_base"):
            getattr(decision, change["op"])(change, AnyParty())
    return decision


class AnyParty:
    """Those who proposed what the hub has accepted already."""

    @staticmethod
    def can(_):
        return True


def decide(case):
    room = Room(case.get("room"))
    room.check()
    require_party_spelling(case.get("actor"))
    for change in case.get("changes"):
        require_change_spelling(change)
    pending = room_pending = case.get("room").get("pending", [])
    earlier = with_pending(room, pending)
    state, form = earlier.after, case.text("form")
    # What was accepted counts already, and naming it once again adds nothing, by any sender (reading D50).
    waiting = [p["change"] for p in room_pending]
    bare = [{k: v for k, v in c.items() if k != "by"} for c in case.get("changes")]
    changes = [c for c, b in zip(case.get("changes"), bare) if b not in waiting]
    again = [b for b in bare if b in waiting and b["op"] in (*LIST_CHANGES, *ROOM_UPDATES)]
    require(all(again.count(b) == 1 for b in again), "an accepted change named twice")
    if form == "external_commit":
        taken = [p for p in room_pending if any(same_change(c, p) for c in case.get("changes"))]
        selves = all(p["change"]["op"] == "remove_client" and p["change"]["user"] == p["by"].get("user") for p in taken)
        require(selves and len(taken) == len(room_pending), "proposals wait for a member's commit")
    require(room.base["persistent_room"] or room.clients, "a room that isn't persistent and whose last client is gone")
    actor = case.get("actor")
    if form == "use":
        decide_uses(state, actor, changes)
        return
    if actor.get("user") in earlier.gone:
        clients = state.clients_of(actor["user"])
        leaving = all(c["op"] == "remove_client" and c["client"] in clients for c in changes)
        require(form == "proposal" and leaving and changes, "a removed user's clients may only leave")
        return
    if state.is_banned(actor.get("user") or actor.get("external_sender")):
        clients = state.clients_of(actor.get("user"))
        leaving = all(c["op"] == "remove_client" and c["client"] in clients for c in changes)
        require(form == "proposal" and leaving and changes, "a banned user's clients may only leave")
        return
    actor = Party(state, actor)
    decision = Decision(state, actor, form)
    decision.touched, decision.gone, decision.pending_kinds = earlier.touched, earlier.gone, earlier.kinds
    decision.gone_before = set(earlier.gone)
    require(all(change["op"] != "use" for change in changes), "a use in a message or handshake")
    if form == "message":
        decision.check_form(changes, [])
        require(actor.can("canSendMessage"), "no canSendMessage")
        require(len(changes) <= 1, "one message at a time")
        for change in changes:
            require(change["op"] == "content" and "by" not in change, "a message carries content of its sender only")
            try:
                decision.content(change, actor)
            except Refused as refused:
                raise Unseen(str(refused)) from None
        return
    require(all(change["op"] != "content" for change in changes), "content in a handshake")
    decision.judge(changes)


def decide_uses(room, actor, uses):
    """What a user does with what it has received, and in calls (room-policy sections 8.3 to 8.5)."""
    user = actor.get("user")
    require(user in room.listed and not room.is_banned(user), "not on the list, or banned")
    role = room.role(room.listed[user])
    for use in uses:
        require(use["op"] == "use", "a change of the room is no use")
        if use["what"] not in USES:
            raise Wrong("changes", f"{use['what']} is unknown")
        if role.can(USES[use["what"]]):
            continue
        refusal = Refused if use["what"] in SEEN_BY_HUB else Unseen
        raise refusal(f"no {USES[use['what']]}")


def same_change(change, pending):
    """A commit may name what is pending: it is the same change, by the same party."""
    return {k: v for k, v in change.items() if k != "by"} == pending["change"] and change.get("by") == pending["by"]


def valid(case):
    """A case of this kind is always valid as a case; what it expects is the decision."""
    try:
        decide(case)
        reason = parties = None
    except Refused as refused:
        reason, parties = str(refused), ["client"] if isinstance(refused, Unseen) else ["hub", "client"]
    expect = case.get("expect")
    if expect["allow"] != (reason is None):
        raise Wrong("expect", f"refused: {reason}" if reason else "allowed")
    if "refused_by" in expect and expect["refused_by"] != parties:
        raise Wrong("expect.refused_by", f"refused by {parties}: {reason}")


def invalid(case):
    raise Wrong("valid", "a policy case says in `expect` what is refused")
