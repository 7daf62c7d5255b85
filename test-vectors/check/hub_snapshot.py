"""A hub's room: its snapshot and its tree, read and checked against each other. What stands in a snapshot is in ../README.md.

URIs are opaque: as text, each byte is one character.
"""

import copy

import policy
from name import is_host, normal
from presentation import Refused
from wire import LANGUAGE, ascend, require

REQUIRED = {"external_senders": 5, "app_data_dictionary": 6}
PARTICIPANT_LIST, ROLES, PREAUTH, FRANK_AAD, FRANKING_AGENT = 0x22, 0x25, 0x26, 0x20, 0x21
BANNED = 1


def exact(kind, data):
    """What the bytes are the one encoding of."""
    value = LANGUAGE.decode(kind, data)
    require(LANGUAGE.encode(kind, value) == data, f"another encoding of a {kind}")
    return value


def host_of(uri):
    """The host of a MIMI URI in its normal form."""
    text = uri.decode("utf-8", "replace") if isinstance(uri, bytes) else uri
    require(normal(text) is not None, f"{text} is no MIMI URI")
    require(normal(text) == text, f"{text} is not in its normal form")
    return text.removeprefix("mimi://").partition("/")[0]


def component(context, number):
    """The data of a component in a GroupContext's dictionary."""
    for extension in context["extensions"]:
        if extension["extension_type"] == REQUIRED["app_data_dictionary"]:
            for entry in LANGUAGE.decode("AppDataDictionary", extension["extension_data"])["component_data"]:
                if entry["component_id"] == number:
                    return entry["data"]
    return None


def external_senders(context):
    for extension in context["extensions"]:
        if extension["extension_type"] == REQUIRED["external_senders"]:
            return LANGUAGE.decode("ExternalSenders", extension["extension_data"])
    return []


def tree_hash(suite, nodes):
    """RFC 9420 section 7.8, of a tree without its trailing blanks."""
    width = 1
    while width < len(nodes):
        width = 2 * width + 1
    nodes = nodes + [None] * (width - len(nodes))

    def subtree(low, high):
        if low == high:
            leaf = nodes[low] and nodes[low]["leaf_node"]
            value = {"node_type": 1, "leaf_node": {"leaf_index": low // 2, "leaf_node": leaf}}
        else:
            middle = (low + high) // 2
            parent = nodes[middle] and nodes[middle]["parent_node"]
            value = {"node_type": 2, "parent_node": {
                "parent_node": parent, "left_hash": subtree(low, middle - 1), "right_hash": subtree(middle + 1, high),
            }}
        kind = "leaf" if low == high else "parent"
        inner = "LeafNodeHashInput" if low == high else "ParentNodeHashInput"
        content = LANGUAGE.encode(inner, value[f"{kind}_node"])
        return suite.digest(bytes([value["node_type"]]) + content)

    return subtree(0, width - 1)


class Snapshot:
    """A hub's room between two requests. `identities` says which user and client a credential and a key are."""

    def __init__(self, suite, identities, data, tree):
        self.suite, self.identities = suite, identities
        self.hosted = exact("HostedRoomSnapshot", data)
        self.read_room(self.hosted["room"])
        self.nodes = exact("RatchetTree", tree)
        self.check_tree()
        self.check_group_info()
        self.check_books()

    @classmethod
    def of_client(cls, suite, identities, data):
        """The room in a client's snapshot. The client's tree is in its MLS stack."""
        self = cls.__new__(cls)
        self.suite, self.identities = suite, identities
        client = exact("ClientRoomSnapshot", data)
        require(is_host(client["hub"].decode("latin-1")), "the hub is no host")
        self.read_room(client["room"])
        until = [former["until_epoch"] for former in client["former"]]
        require(until == sorted(until) and all(it < self.context["epoch"] for it in until), "former members in another order")
        for former in client["former"]:
            policy.require_spelling(former["member"]["user"])
            policy.require_spelling(former["member"]["client"])
        for silenced in client.get("silenced") or []:
            policy.require_spelling(silenced["user"])
        return self

    def read_room(self, data):
        self.room = exact("RoomSnapshot", data)
        self.uri, self.context = self.room["room_uri"], self.room["group_context"]
        policy.require_spelling(self.uri)
        require(self.context["cipher_suite"] == self.suite.number, "another suite")
        self.members = {it["leaf_index"]: it for it in self.room["members"]}
        ascend([it["leaf_index"] for it in self.room["members"]], "the leaves ascend")
        listed = component(self.context, PARTICIPANT_LIST)
        self.entries = [] if listed is None else LANGUAGE.decode("ParticipantListData", listed)["participants"]
        self.listed = {entry["user"]: entry["role_index"] for entry in self.entries}
        require(len(self.listed) == len(self.entries), "a participant stands twice")
        for member in self.members.values():
            policy.require_spelling(member["client"])
            require(is_host(member["provider"].decode("latin-1")), "the provider is no host")
            require(self.listed.get(member["user"], BANNED) != BANNED, "a member who is not on the list")
        for parent in ("parent", "next_parent"):
            users = self.room.get(parent) or {"present": [], "banned": []}
            for user in users["present"] + users["banned"]:
                policy.require_spelling(user["user"])
        policy.Room(self.committed()).check()
        self.waiting = [proposal for listed in self.room["waiting"] for proposal in listed["proposals"]]
        require(all(listed["proposals"] for listed in self.room["waiting"]), "an empty list waits")
        for waiting in self.waiting:
            content = waiting["content"]["content"]
            public = waiting["message"].get("public_message")
            require(public and public["content"] == content and public["auth"] == waiting["content"]["auth"], "another content")
            require(self.is_here(content), "a proposal of another group or epoch waits")
            require(waiting["reference"] == self.reference(waiting["content"]), "another reference")

    def is_here(self, content):
        return content["group_id"] == self.context["group_id"] and content["epoch"] == self.context["epoch"]

    def reference(self, content):
        return self.suite.ref_hash(b"MLS 1.0 Proposal Reference", LANGUAGE.encode("AuthenticatedContent", content))

    def check_tree(self):
        require(tree_hash(self.suite, self.nodes) == self.context["tree_hash"], "another tree")
        leaves = {at // 2: node["leaf_node"] for at, node in enumerate(self.nodes) if node is not None and at % 2 == 0}
        require(leaves.keys() == self.members.keys(), "members and leaves differ")
        for index, leaf in leaves.items():
            member = self.members[index]
            require(self.identify(leaf["credential"], leaf["signature_key"]) == (member["user"], member["client"]), "another member")
            require(member["provider"].decode("latin-1") == host_of(member["user"]), "another provider")
        self.leaves = leaves

    def identify(self, credential, key):
        known = self.identities.get((LANGUAGE.encode("Credential", credential), key))
        require(known is not None, "the credential and the key are of no client")
        return known

    def check_group_info(self):
        info = self.hosted["group_info"]
        require(info["group_context"] == self.context, "the GroupInfo is of another epoch")
        require(info["signer"] in self.leaves, "the GroupInfo's signer has left")
        self.verify_group_info(info, self.leaves[info["signer"]]["signature_key"])

    def verify_group_info(self, info, key):
        self.suite.verify_with_label(key, b"GroupInfoTBS", LANGUAGE.encode("GroupInfoTBS", info), info["signature"])

    def check_books(self):
        hosted = self.hosted
        ascend([code["code_hash"] for code in hosted["codes"]], "codes ascend")
        ascend([shown["user"] for shown in hosted["shown"]], "users ascend")
        for shown in hosted["shown"]:
            policy.require_spelling(shown["user"])
        ascend([origin["reference"] for origin in hosted["origins"]], "KeyPackages ascend")
        for origin in hosted["origins"]:
            require(is_host(origin["provider"].decode("latin-1")), "the provider is no host")
        require(all(it["accepted_at"] <= hosted["last_accepted_ms"] for it in self.waiting), "accepted after the last time")

    # --- what follows from it

    def clients_of(self, user):
        return {it["client"] for it in self.members.values() if it["user"] == user}

    def providers(self):
        """Of all members: they get handshakes."""
        return sorted({it["provider"].decode("latin-1") for it in self.members.values()})

    def committed(self):
        """The room as the kind `policy` has it."""
        roles = component(self.context, ROLES)
        require(roles is not None, "no roles")
        roles = exact("RoleData", roles)["roles"]
        require(component(self.context, PREAUTH) is None, "this check knows no preauthorization")
        return {
            "roles": [
                {
                    "index": role["role_index"], "name": role["role_name"].decode("latin-1"), "capabilities": role["role_capabilities"],
                    "min": role["minimum_participants_constraint"], "max": role["maximum_participants_constraint"],
                    "min_active": role["minimum_active_participants_constraint"],
                    "max_active": role["maximum_active_participants_constraint"],
                    "changes": [[it["from_role_index"], it["target_role_indexes"]] for it in role["authorized_role_changes"]],
                }
                for role in roles
            ],
            "participants": [[user.decode("latin-1"), role] for user, role in self.listed.items()],
            "clients": [[it["user"].decode("latin-1"), it["client"].decode("latin-1")] for it in self.members.values()],
        }

    def policy_room(self):
        """With the proposals that wait."""
        pending = []
        for waiting in self.waiting:
            content = waiting["content"]["content"]
            by = self.sender(content["sender"])
            pending += [{"by": by, "change": change} for change in self.changes(content["proposal"], content["sender"], {})]
        return self.committed() | {"pending": pending}

    def after_waiting(self):
        """The room's policy with what waits counted in."""
        data = self.policy_room()
        return policy.with_pending(policy.Room(data), data["pending"]).after

    def sender(self, sender):
        """Who stands behind a handshake, as the kind `policy` has it."""
        if "leaf_index" in sender:
            require(sender["leaf_index"] in self.members, "no member sent it")
            member = self.members[sender["leaf_index"]]
            return {"user": member["user"].decode("latin-1"), "client": member["client"].decode("latin-1"), "claims": []}
        require("sender_index" in sender, "neither a member nor an external sender")
        senders = external_senders(self.context)
        require(sender["sender_index"] < len(senders), "no such external sender")
        identity = senders[sender["sender_index"]]["credential"]["identity"].decode("latin-1")
        return {"external_sender": identity, "claims": []}

    def changes(self, proposal, sender, shown):
        """What a proposal changes, as the kind `policy` has it. `shown`: the users who have shown a code, with its role."""
        if "app_data_update" in proposal:
            update = proposal["app_data_update"]
            require(update["component_id"] == PARTICIPANT_LIST and "update" in update, "no component for this sender")
            return list(self.list_changes(exact("ParticipantListUpdate", update["update"]), shown))
        if "add" in proposal:
            leaf = proposal["add"]["key_package"]["leaf_node"]
            user, client = self.identify(leaf["credential"], leaf["signature_key"])
            return [{"op": "add_client", "user": user.decode("latin-1"), "client": client.decode("latin-1")}]
        if "remove" in proposal or "self_remove" in proposal:
            index = proposal["remove"]["removed"] if "remove" in proposal else sender["leaf_index"]
            require(index in self.members, "no such leaf")
            member = self.members[index]
            return [{"op": "remove_client", "user": member["user"].decode("latin-1"), "client": member["client"].decode("latin-1")}]
        require("external_init" in proposal, "a proposal that this check does not know")
        return []

    def list_changes(self, update, shown):
        indices = [it["user_index"] for it in update["changedRoleParticipants"]] + update["removedIndices"]
        require(len(indices) == len(set(indices)) and all(it < len(self.entries) for it in indices), "no such place on the list")
        for change in update["changedRoleParticipants"]:
            yield {"op": "set_role", "user": self.entries[change["user_index"]]["user"].decode("latin-1"), "role": change["role_index"]}
        for index in update["removedIndices"]:
            yield {"op": "remove_participant", "user": self.entries[index]["user"].decode("latin-1")}
        for added in update["addedParticipants"]:
            host_of(added["user"])
            change = {"user": added["user"].decode("latin-1"), "role": added["role_index"]}
            if shown.get(added["user"]) == added["role_index"]:
                yield {"op": "use_join_code", "valid": True} | change
            else:
                yield {"op": "add_participant"} | change

    # --- the snapshot after a request that changes the hub's own books

    def with_books(self, change):
        """The encoding after `change` of a copy, in the current version."""
        hosted, room = copy.deepcopy(self.hosted), copy.deepcopy(self.room)
        for value, fields in ((hosted, ("last_commit",)), (room, ("parent", "next_parent"))):
            value["version"] = 2
            for field in fields:
                value.setdefault(field, None)
        change(hosted, room)
        hosted["room"] = LANGUAGE.encode("RoomSnapshot", room)
        return LANGUAGE.encode("HostedRoomSnapshot", hosted)
