"""Kind `room`: a hub's room, request by request.

What only an MLS stack can do is taken from the case: the tree after a commit and the secrets behind its tags. All else is followed:
snapshots, paths and bodies, signatures, the transcript, the policy, answers, times, franks, sealed GroupInfos and who gets what.
"""

import hashlib
import hmac

import policy
from case import Case, Wrong, hex_of, integer_of
from cbor import Reader
from content import decode_message
from hub_snapshot import BANNED, FRANK_AAD, FRANKING_AGENT, Snapshot, component, exact, external_senders, host_of
from name import is_host
from presentation import Refused, Struct
from suites import Suite, Unjudged
from wire import LANGUAGE, require

SUITES = (1, 3)  # whose signatures are the same each time
REQUESTS = {
    "update": "UpdateRequest", "submitMessage": "SubmitMessageRequest", "groupInfo": "GroupInfoRequest",
    "keyMaterial": "KeyMaterialRequest", "reportAbuse": "AbuseReport", "requestConsent": "ConsentEntry",
    "updateConsent": "ConsentEntry",
}
CANCEL, REQUEST, GRANT, REVOKE = range(4)
SUCCESS, NOT_AUTHORIZED = 1, 2
SEAL_LABEL = b"GroupInfo and ratchet_tree encryption"
LAST_RESORT_COMPONENT, LAST_RESORT_EXTENSION = 4, 10


def hex_member(data, field):
    return hex_of(data[field], field) if data.get(field) is not None else None


class Outcome:
    """What comes of a step: an HTTP status, the body if it can be computed, what is delivered and the snapshot after it."""

    def __init__(self, status=None, body=None, fan_outs=(), snapshot=None, **rest):
        self.status, self.body, self.fan_outs, self.snapshot = status, body, list(fan_outs), snapshot
        self.accepted = rest.pop("accepted", False)
        self.retry_after = rest.pop("retry_after", None)
        self.forwarded_to, self.proven = rest.pop("forwarded_to", None), rest.pop("proven", None)
        self.commit = rest.pop("commit", None)
        assert not rest


class Hub:
    def __init__(self, case):
        number = case.integer("cipher_suite")
        if number not in SUITES:
            raise Unjudged(f"cipher suite {number} is not followed")
        self.suite, hub = Suite(number), case.get("hub")
        self.domain, self.limits = hub["domain"], hub["limits"]
        require(is_host(self.domain), "the hub is no host")
        self.private_key = hex_member(hub, "signature_private_key")
        self.external_sender = exact("ExternalSender", hex_member(hub, "external_sender"))
        require(self.suite.public_of(self.private_key) == self.external_sender["signature_key"], "the hub's keys are no pair")
        self.hub_keys = [(integer_of(since, "hub_keys"), hex_of(key, "hub_keys")) for since, key in hub["hub_keys"]]
        self.identities = {
            (hex_member(it, "credential"), hex_member(it, "signature_public_key")): (it["user"].encode(), it["client"].encode())
            for it in case.get("identities")
        }
        for user, client in self.identities.values():
            host_of(user)
            policy.require_spelling(client)
        self.meters = {}
        self.load(case.hex("snapshot"), case.hex("ratchet_tree"))
        require(self.external_sender in external_senders(self.room.context), "the hub is no external sender of the group")
        if case.has("client_snapshot"):
            Snapshot.of_client(self.suite, self.identities, case.hex("client_snapshot"))

    def load(self, snapshot, tree):
        self.snapshot, self.tree = snapshot, tree
        self.room = Snapshot(self.suite, self.identities, snapshot, tree)

    @property
    def last_time(self):
        return self.room.hosted["last_accepted_ms"]

    def next_time(self, at):
        return max(self.last_time + 1, at)

    def take_token(self, provider, at):
        """How many seconds the provider has to wait, or None."""
        burst, interval = self.limits["burst"], self.limits["interval_ms"]
        if interval == 0:
            return None
        used, since = self.meters.get(provider.lower(), (0, at))
        if used == 0:
            since = at
        regained = max(0, at - since) // interval
        used, since = max(0, used - regained), since + regained * interval
        left = max(0, interval - (at - since))
        self.meters[provider.lower()] = (min(used + 1, burst), since)
        return None if used < burst else max(1, -(-left // 1000))

    # --- requests

    def request(self, step, at):
        endpoint, provider, body = step["endpoint"], step["from"], hex_member(step, "body")
        require(endpoint in REQUESTS and is_host(provider), "no such endpoint, or no provider")
        if not endpoint.endswith("Consent"):
            if len(body) > self.limits["max_body"]:
                return Outcome(413)
            wait = self.take_token(provider, at)
            if wait is not None:
                return Outcome(429, retry_after=wait)
        try:
            request = exact(REQUESTS[endpoint], body)
        except Refused:
            return Outcome(400)
        return getattr(self, endpoint)(request, step, at)

    def keyMaterial(self, request, step, _):
        if request["targetUser"]["uri"] != step.get("variable", "").encode():
            return Outcome(400)
        try:
            user, key = request["requestingUser"]["uri"], request["requesterSignatureKey"]
            tbs = LANGUAGE.encode("KeyMaterialRequestTBS", request)
            self.suite.verify_with_label(key, b"KeyMaterialRequestTBS", tbs, request["key_material_request_signature"])
            require(request["roomId"]["uri"] == self.room.uri, "another room")
            require(host_of(user) == step["from"].lower(), "a user of another provider")
            require(self.room.identify(request["requesterCredential"], key)[0] == user, "another user's credential")
            require(self.room.clients_of(user), "no client in the room")
        except Refused:
            return Outcome(403)
        target = request["targetUser"]["uri"]
        answer, found = hex_member(step, "next_response"), None
        if answer is not None:
            response = exact("KeyMaterialResponse", answer)
            if response["userUri"]["uri"] == target:
                found = [client["keyPackage"] for client in response["clients"] if "keyPackage" in client]
        outcome = Outcome(502, accepted=True, forwarded_to=host_of(target))
        if found is not None:
            outcome.status, outcome.body = 200, answer
            outcome.snapshot = self.remember(found, host_of(target))
        return outcome

    def remember(self, packages, provider):
        """Where KeyPackages came from: their Welcome goes there."""
        def change(hosted, _):
            origins = {it["reference"]: it for it in hosted["origins"]}
            for package in packages:
                reference = self.suite.ref_hash(b"MLS 1.0 KeyPackage Reference", LANGUAGE.encode("KeyPackage", package))
                last = any(it["extension_type"] == LAST_RESORT_EXTENSION for it in package["extensions"])
                last |= component({"extensions": package["extensions"]}, LAST_RESORT_COMPONENT) is not None
                origins[reference] = {"reference": reference, "provider": provider.encode(), "last_resort": int(last)}
            hosted["origins"] = [origins[reference] for reference in sorted(origins)]
        return self.room.with_books(change)

    def requestConsent(self, entry, step, _):
        return self.hear(entry, step, (CANCEL, REQUEST))

    def updateConsent(self, entry, step, _):
        return self.hear(entry, step, (GRANT, REVOKE))

    def hear(self, entry, step, operations):
        """Requests go to the target's provider, answers to the requester's; the path names it."""
        requester, target = entry["requesterUri"]["uri"], entry["targetUri"]["uri"]
        asks = entry["consentOperation"] in (CANCEL, REQUEST)
        try:
            here, there = map(host_of, (target, requester) if asks else (requester, target))
        except Refused:
            return Outcome(400)
        if step.get("variable", "").lower() != here:
            return Outcome(400)
        mine = entry["consentOperation"] in operations and there == step["from"].lower() and here == self.domain
        if not mine:
            return Outcome(403)
        outcome = Outcome(201, accepted=True)
        room = entry["roomId"]
        if entry["consentOperation"] == GRANT and (room is None or room["uri"] == self.room.uri):
            outcome.snapshot = self.remember(entry["clientKeyPackages"], there)
        return outcome

    def reportAbuse(self, report, _, __):
        proven = [self.is_proven(report, message) for message in report["messages"]]
        return Outcome(201, accepted=True, proven=proven)

    def is_proven(self, report, message):
        try:
            content = decode_message(message["message_content"])
            values = dict(content["extensions"])
            require({1, 2} <= set(values), "sender or room is not asserted")
            sender, room = (Reader(values[key]).item(2).encode() for key in (1, 2))
            require(room == self.room.uri and sender == report["allegedAbuserUri"]["uri"], "another room or sender")
            tag = hmac.digest(content["salt"], message["message_content"], hashlib.sha256)
            require(message["frank"] == self.frank(tag, sender, message["accepted_timestamp"]), "another frank")
        except Refused:
            return False
        return True

    def frank(self, tag, sender, at):
        keys = [key for since, key in self.hub_keys if since <= at]
        require(keys, "no hub key at that time")
        context = Struct("ServerFrankingContext")
        context.update({"sender_uri": {"uri": sender}, "room_uri": {"uri": self.room.uri}, "accepted_timestamp": at})
        frank = hmac.digest(keys[-1], tag + LANGUAGE.encode("ServerFrankingContext", context), hashlib.sha256)
        tbs = {"server_frank": frank, "franking_signature_ciphersuite": self.suite.number, "context": context}
        signed = self.suite.sign_with_label(
            self.private_key, b"FrankingIntegrityTBS", LANGUAGE.encode("FrankingIntegrityTBS", tbs)
        )
        return {
            "server_frank": frank, "franking_signature_ciphersuite": self.suite.number, "franking_integrity_signature": signed,
        }

    # --- GroupInfo

    def code_hash(self, code):
        return self.suite.ref_hash(b"mimi-room join code", code)

    def good_code(self, code_hash, at):
        """The role that a code is good for."""
        for code in self.room.hosted["codes"]:
            if code["code_hash"] == code_hash and code["uses"] > 0 and at < code["expires_ms"]:
                return code["role"]
        return None

    def groupInfo(self, request, step, at):
        refused = {"version": 1, "room_id": self.room.uri, "status": NOT_AUTHORIZED}
        shown = None
        try:
            tbs = LANGUAGE.encode("GroupInfoRequestTBS", request)
            key = request["requestingSignatureKey"]
            self.suite.verify_with_label(key, b"GroupInfoRequestTBS", tbs, request["signature"])
            user, client = self.room.identify(request["requestingCredential"], key)
            if request["joiningCode"] is not None:
                shown = self.code_hash(request["joiningCode"])
                if self.good_code(shown, at) is None:
                    shown = None
            self.may_join(user, client, self.good_code(shown, at))
        except Refused:
            return Outcome(200, encode_struct("GroupInfoResponse", refused))
        outcome = Outcome(200, accepted=True)
        if shown is not None:
            outcome.snapshot = self.room.with_books(lambda hosted, _: show(hosted, user, shown))
        self.check_sealed(request, step)
        return outcome

    def may_join(self, user, client, code_role):
        """By the same decision that the external commit will meet, once what waits is committed."""
        state = self.room.after_waiting()
        text = user.decode("latin-1")
        if state.clients.get(client.decode("latin-1")) == text and not state.is_banned(text):
            return
        room = self.room.policy_room() | {
            "participants": [list(it) for it in state.listed.items()],
            "clients": [[owner, it] for it, owner in state.clients.items()], "pending": [],
        }
        joins = [[]]
        if text not in state.listed:
            joins = [[{"op": "add_participant", "user": text, "role": role["index"]}] for role in room["roles"]]
            if code_role is not None:
                joins.append([{"op": "use_join_code", "user": text, "role": code_role, "valid": True}])
        actor = {"user": text, "client": client.decode("latin-1"), "claims": []}
        for changes in joins:
            changes = changes + [{"op": "add_client", "user": text, "client": client.decode("latin-1")}]
            if decides(room, actor, "external_commit", changes):
                return
        raise Refused("no way to join")

    def check_sealed(self, request, step):
        """The sealed answer in the case: the hub's signature, and what the requester finds in it."""
        response = exact("GroupInfoResponse", hex_member(step["response"], "body"))
        require(response["status"] == SUCCESS and response["room_id"] == self.room.uri, "no success")
        require(response["cipher_suite"] == request["cipher_suite"], "another suite")
        require(response["hub_sender"] == self.external_sender, "another hub")
        tbs = LANGUAGE.encode("GroupInfoResponseTBS", response)
        self.suite.verify_with_label(self.external_sender["signature_key"], b"GroupInfoResponseTBS", tbs, response["signature"])
        private_key, sealed = hex_member(step, "requester_private_key"), response["encrypted_groupinfo_and_tree"]
        require(self.suite.hpke_public_of(private_key) == request["groupInfoPublicKey"], "another key")
        opened = self.suite.decrypt_with_label(private_key, SEAL_LABEL, self.room.uri, sealed["kem_output"], sealed["ciphertext"])
        require(opened == hex_member(step["response"], "opened"), "opens to something else")
        value = exact("GroupInfoRatchetTreeTBE", opened)
        require(value["groupInfo"] == self.room.hosted["group_info"], "another GroupInfo")
        require(LANGUAGE.encode("RatchetTree", value["ratchetTreeOption"]["ratchet_tree"]) == self.tree, "another tree")
        waiting = [(it["message"], it["accepted_at"]) for it in self.room.waiting]
        pending = [(it["proposal"], it["hub_accepted_time"]) for it in value["pending_proposals"]]
        require(pending == waiting, "other proposals wait")

    # --- messages

    def submitMessage(self, request, step, at):
        message, sender = request["appMessage"]["private_message"], request["sendingUri"]["uri"]
        answer = {"protocol": 1, "statusCode": 1}
        try:
            require(message["group_id"] == self.room.context["group_id"], "another group")
            require(host_of(sender) == step["from"].lower(), "a user of another provider")
            state, text = self.room.after_waiting(), sender.decode("latin-1")
            require(text in state.listed and text in state.active(), "not in the room")
            if message["epoch"] < self.room.context["epoch"]:
                answer = {"protocol": 1, "statusCode": 2, "currentEpoch": self.room.context["epoch"]}
            require(message["epoch"] == self.room.context["epoch"], "another epoch")
            actor = {"user": text, "client": sorted(state.clients_of(text))[0], "claims": []}
            require(decides(self.room.policy_room(), actor, "message", []), "may not send")
            accepted, tag = self.next_time(at), self.franking_tag(message)
        except Refused:
            return Outcome(200, encode_struct("SubmitMessageResponse", answer))
        frank = None if tag is None else self.frank(tag, sender, accepted)
        answer = {"protocol": 1, "statusCode": 0, "accepted_timestamp": accepted, "frank": frank}
        body = encode_struct("SubmitMessageResponse", answer)
        fan_out = {"timestamp": accepted, "message": request["appMessage"], "frank": frank}
        fan_outs = [(self.receivers(state), encode_struct("FanoutMessage", fan_out))]
        snapshot = self.room.with_books(lambda hosted, _: hosted.update(last_accepted_ms=accepted))
        return Outcome(200, body, fan_outs, snapshot, accepted=True)

    def franking_tag(self, message):
        aad = exact("SafeAAD", message["authenticated_data"])
        for item in aad["aad_items"]:
            if item["component_id"] == FRANK_AAD and component(self.room.context, FRANKING_AGENT) is not None:
                return exact("FrankAAD", item["aad_item_data"])["franking_tag"]
        return None

    def receivers(self, state):
        """The providers of those with a client in the group who may receive messages."""
        receives = {
            user for user, role in state.listed.items()
            if not state.is_banned(user) and state.role(role).can("canReceiveMessage")
        }
        return sorted({it["provider"].decode("latin-1") for it in self.room.members.values() if it["user"].decode("latin-1") in receives})

    # --- handshakes

    def update(self, bundle, step, at):
        first = bundle["proposalOrCommit"]
        is_commit = "welcome" in bundle
        known = self.accepted_before(bundle, is_commit)
        if known is not None:
            return Outcome(200, self.success(known), accepted=True)
        content = first["public_message"]["content"]
        try:
            require(content["group_id"] == self.room.context["group_id"], "another group")
            if content["epoch"] != self.room.context["epoch"]:
                answer = {"responseCode": 1, "currentEpoch": self.room.context["epoch"]}
                return Outcome(200, answer)
            accepted = self.next_time(at)
            if is_commit:
                return self.judge_commit(bundle, at, accepted, step)
            return self.judge_proposals([first, *bundle["moreProposals"]], accepted)
        except Refused:
            return Outcome(200, {"responseCode": (2, 3)})

    @staticmethod
    def success(at):
        return {"responseCode": 0, "accepted_timestamp": at}

    def commit_hash(self, message):
        return self.suite.ref_hash(b"mimi-room commit", LANGUAGE.encode("MLSMessage", message))

    def accepted_before(self, bundle, is_commit):
        """When this very handshake was accepted: the commit that began the epoch, or a list that waits."""
        first = bundle["proposalOrCommit"]
        if is_commit:
            last = self.room.hosted.get("last_commit")
            follows = first.get("public_message", {}).get("content", {}).get("epoch") == self.room.context["epoch"] - 1
            return last["accepted_at"] if last and follows and last["commit_hash"] == self.commit_hash(first) else None
        for waiting in self.room.room["waiting"]:
            if [it["message"] for it in waiting["proposals"]] == [first, *bundle["moreProposals"]]:
                return waiting["proposals"][0]["accepted_at"]
        return None

    def verify(self, message):
        """The signature of a PublicMessage; its membership tag is the MLS stack's."""
        public = message["public_message"]
        content = public["content"]
        sender = content["sender"]
        if "leaf_index" in sender:
            require(sender["leaf_index"] in self.room.leaves, "no member sent it")
            key = self.room.leaves[sender["leaf_index"]]["signature_key"]
        elif "sender_index" in sender:
            senders = external_senders(self.room.context)
            require(sender["sender_index"] < len(senders), "no such external sender")
            key = senders[sender["sender_index"]]["signature_key"]
        else:
            require(content.get("commit", {}).get("path") is not None, "no path")
            key = content["commit"]["path"]["leaf_node"]["signature_key"]
        tbs = Struct("FramedContentTBS")
        tbs.update({"version": 1, "wire_format": message["wire_format"], "content": content, "context": self.room.context})
        self.suite.verify_with_label(key, b"FramedContentTBS", LANGUAGE.encode("FramedContentTBS", tbs), public["auth"]["signature"])
        return content, key

    def judge_proposals(self, messages, accepted):
        waiting, changes, seen = [], [], {it["reference"] for it in self.room.waiting}
        require(len(seen) + len(messages) <= self.limits["max_waiting"], "too many proposals wait")
        senders = [message["public_message"]["content"]["sender"] for message in messages]
        require(all(sender == senders[0] for sender in senders), "several senders")
        for message in messages:
            content, _ = self.verify(message)
            public = message["public_message"]
            authenticated = Struct("AuthenticatedContent")
            authenticated.update({"wire_format": message["wire_format"], "content": content, "auth": public["auth"]})
            reference = self.room.reference(authenticated)
            require(reference not in seen, "accepted before")
            seen.add(reference)
            changes += self.room.changes(content["proposal"], content["sender"], {})
            waiting.append({"accepted_at": accepted, "reference": reference, "message": message, "content": authenticated})
        actor = self.room.sender(senders[0])
        form = "external_proposal" if "external_sender" in actor else "proposal"
        require(decides(self.room.policy_room(), actor, form, changes), "not allowed")

        def change(hosted, room):
            hosted["last_accepted_ms"] = accepted
            room["waiting"].append({"proposals": waiting})
        fan_out = {"timestamp": accepted, "message": messages[0], "moreProposals": messages[1:]}
        fan_outs = [(self.room.providers(), encode_struct("FanoutMessage", fan_out))]
        return Outcome(200, self.success(accepted), fan_outs, self.room.with_books(change), accepted=True)

    def judge_commit(self, bundle, at, accepted, step):
        message, room = bundle["proposalOrCommit"], self.room
        content, _ = self.verify(message)
        sender, commit = content["sender"], content["commit"]
        external = "leaf_index" not in sender
        known = {it["reference"]: it["content"]["content"] for it in room.waiting}
        shown = {it["user"]: self.good_code(it["code_hash"], at) for it in room.hosted["shown"]}
        changes, named, path = [], set(), commit["path"]
        if external:
            user, client = room.identify(path["leaf_node"]["credential"], path["leaf_node"]["signature_key"])
            actor = {"user": user.decode("latin-1"), "client": client.decode("latin-1"), "claims": []}
            changes.append({"op": "add_client", "user": user.decode("latin-1"), "client": client.decode("latin-1")})
        else:
            actor = room.sender(sender)
            if path is not None:
                leaf = path["leaf_node"]
                own = room.members[sender["leaf_index"]]
                require(room.identify(leaf["credential"], leaf["signature_key"]) == (own["user"], own["client"]), "another member")
        for entry in commit["proposals"]:
            if "reference" in entry:
                require(entry["reference"] in known, "an unknown proposal")
                named.add(entry["reference"])
                proposed = known[entry["reference"]]
                by = {"by": room.sender(proposed["sender"])}
                changes += [it | by for it in room.changes(proposed["proposal"], proposed["sender"], {})]
            else:
                mine = {user: role for user, role in shown.items() if external and user == user_of(actor)}
                changes += room.changes(entry["proposal"], sender, mine)
        require(named == set(known), "accepted proposals are left out")
        require(decides(room.policy_room(), actor, "external_commit" if external else "commit", changes), "not allowed")
        return self.after_commit(bundle, content, changes, accepted, step)

    def after_commit(self, bundle, content, changes, accepted, step):
        """The GroupInfo is of the epoch that the commit begins, and its committer has signed it."""
        message, room = bundle["proposalOrCommit"], self.room
        auth, sender = message["public_message"]["auth"], content["sender"]
        option = bundle["groupInfoOption"]
        next_snapshot, next_tree = hex_member(step, "snapshot"), hex_member(step, "ratchet_tree")
        if "groupInfo" in option:
            info = option["groupInfo"]
        else:
            # Only the stack makes the GroupContext; the case has it in the next snapshot.
            if next_snapshot is None:
                raise Wrong("steps", f"{self.about}: no snapshot after a commit with a partial GroupInfo")
            partial, info = option["partialGroupInfo"], Struct("GroupInfo")
            context = exact("RoomSnapshot", exact("HostedRoomSnapshot", next_snapshot)["room"])["group_context"]
            signer = sender.get("leaf_index")
            info.update({
                "group_context": context, "extensions": partial["group_info_extensions"], "signer": signer,
                "confirmation_tag": auth["confirmation_tag"], "signature": partial["signature"],
            })
        context = info["group_context"]
        for field in ("version", "cipher_suite", "group_id"):
            require(context[field] == room.context[field], "a GroupContext of another group")
        require(context["epoch"] == room.context["epoch"] + 1, "a GroupContext of another epoch")
        require(context["confirmed_transcript_hash"] == self.transcript_hash(message), "another transcript")
        require(info["confirmation_tag"] == auth["confirmation_tag"], "another confirmation tag")
        path = content["commit"]["path"]
        if path is not None:
            key = path["leaf_node"]["signature_key"]
        else:
            key = room.leaves[sender["leaf_index"]]["signature_key"]
        if "leaf_index" in sender:
            require(info["signer"] == sender["leaf_index"], "another signer")
        room.verify_group_info(info, key)
        return self.committed(bundle, info, changes, accepted, next_snapshot, next_tree)

    def transcript_hash(self, message):
        """RFC 9420 section 8.2."""
        context, tag = self.room.context, self.room.hosted["group_info"]["confirmation_tag"]
        interim = self.suite.digest(
            context["confirmed_transcript_hash"] + LANGUAGE.encode("InterimTranscriptHashInput", {"confirmation_tag": tag})
        )
        public = message["public_message"]
        confirmed = {"wire_format": message["wire_format"], "content": public["content"], "signature": public["auth"]["signature"]}
        return self.suite.digest(interim + encode_struct("ConfirmedTranscriptHashInput", confirmed))

    def committed(self, bundle, info, changes, accepted, next_snapshot, next_tree):
        """From here on the commit is accepted: what the case says must be so."""
        if next_snapshot is None:
            raise Wrong("steps", f"{self.about}: no snapshot after a commit that is to be accepted")
        room, message = self.room, bundle["proposalOrCommit"]
        try:
            # A commit without a path may leave the tree as it is.
            after = Snapshot(self.suite, self.identities, next_snapshot, self.tree if next_tree is None else next_tree)
        except Refused as refused:
            raise Wrong("steps", f"{self.about}: the next snapshot: {refused}") from None
        clients = {(it["user"].decode("latin-1"), it["client"].decode("latin-1")) for it in room.members.values()}
        joined = set()
        for change in changes:
            if change["op"] == "add_client":
                clients.add((change["user"], change["client"]))
            elif change["op"] == "remove_client":
                clients.discard((change["user"], change["client"]))
            elif change["op"] == "use_join_code":
                joined.add(change["user"].encode("latin-1"))
        if {(it["user"].decode("latin-1"), it["client"].decode("latin-1")) for it in after.members.values()} != clients:
            raise Wrong("steps", f"{self.about}: other members than the commit leads to")
        fan_outs = [(room.providers(), encode_struct("FanoutMessage", {
            "timestamp": accepted, "message": message, "externalProposals": [],
        }))]
        references = []
        if bundle["welcome"] is not None:
            references = [it["new_member"] for it in bundle["welcome"]["secrets"]]
            origins = {it["reference"]: it["provider"].decode("latin-1") for it in room.hosted["origins"]}
            welcome, option = Struct("MLSMessage"), Struct("RatchetTreeOption")
            welcome.update({"version": 1, "wire_format": 3, "welcome": bundle["welcome"]})
            option.update({"representation": 1, "ratchet_tree": after.nodes})
            to = sorted({origins[it] for it in references if it in origins})
            fan_outs.append((to, encode_struct("FanoutMessage", {
                "timestamp": accepted, "message": welcome, "ratchetTreeOption": option,
            })))

        def change(hosted, value):
            value.update(group_context=info["group_context"], members=after.room["members"], waiting=[])
            hosted.update(group_info=info, last_accepted_ms=accepted)
            hosted["last_commit"] = {"commit_hash": self.commit_hash(message), "accepted_at": accepted}
            hosted["origins"] = [it for it in hosted["origins"] if it["last_resort"] or it["reference"] not in references]
            for user in joined:
                use_up(hosted, user)
        return Outcome(200, self.success(accepted), fan_outs, room.with_books(change), accepted=True, commit=next_tree)

    # --- the hub's operator

    def operate(self, step, at):
        user = step["user"].encode()
        host_of(user)
        if step["operator"] == "issue_join_code":
            return self.issue(user, step["join_code"])
        if not step["fan_outs"]:
            return Outcome()
        # The proposals that the hub makes are in the fan-out; they must be its own, and about this user.
        fan_out = exact("FanoutMessage", hex_member(step["fan_outs"][0], "body"))
        messages = [fan_out["message"], *fan_out["moreProposals"]]
        for message in messages:
            content = message["public_message"]["content"]
            sender = content["sender"]
            own = "sender_index" in sender and external_senders(self.room.context)[sender["sender_index"]] == self.external_sender
            about = self.room.changes(content["proposal"], sender, {})
            if not own or not about or any(change["user"].encode("latin-1") != user for change in about):
                raise Wrong("steps", f"{self.about}: not the hub's own proposals about this user")
        outcome = self.judge_proposals(messages, self.next_time(at))
        outcome.status = outcome.body = None
        return outcome

    def issue(self, user, code):
        state = self.room.after_waiting()
        text = user.decode("latin-1")
        role = state.role(state.listed.get(text, 0))
        if text not in state.active() or text not in state.listed or not role.can("canCreateJoinCode"):
            return Outcome()

        def change(hosted, _):
            codes = {it["code_hash"]: it for it in hosted["codes"]}
            digest = self.code_hash(hex_member(code, "code"))
            codes[digest] = {"code_hash": digest, "role": code["role"], "expires_ms": code["expires"], "uses": code["uses"]}
            hosted["codes"] = [codes[digest] for digest in sorted(codes)]
        return Outcome(snapshot=self.room.with_books(change), accepted=True)

    # --- a step

    def play(self, step, place):
        at = integer_of(step["at"], "at")
        if ("endpoint" in step) == ("operator" in step):
            raise Wrong("steps", f"step {place} has not either an endpoint or an operator")
        about = self.about = f"step {place} ({step['about']})"
        outcome = self.request(step, at) if "endpoint" in step else self.operate(step, at)

        def same(what, expected, computed):
            if expected != computed:
                raise Wrong("steps", f"{about}: {what}: {short(expected)}, computed {short(computed)}")

        same("accepted", step["accepted"], outcome.accepted)
        response = step.get("response") or {}
        same("status", response.get("status"), outcome.status)
        same("retry_after", response.get("retry_after"), outcome.retry_after)
        same("forwarded_to", step.get("forwarded_to"), outcome.forwarded_to)
        same("proven", step.get("proven"), outcome.proven)
        body = hex_member(response, "body")
        if isinstance(outcome.body, dict):
            answer = exact("UpdateRoomResponse", body)
            for field, value in outcome.body.items():
                if isinstance(value, tuple):
                    same(field, answer[field] in value, True)
                else:
                    same(field, answer[field], value)
        elif not (outcome.accepted and step.get("endpoint") == "groupInfo"):
            same("body", body, outcome.body)
        fan_outs = [(it["to"], hex_member(it, "body")) for it in step.get("fan_outs", [])]
        same("recipients", [to for to, _ in fan_outs], [to for to, _ in outcome.fan_outs])
        same("fan-outs", fan_outs, outcome.fan_outs)
        snapshot, tree = hex_member(step, "snapshot"), hex_member(step, "ratchet_tree")
        computed = None if outcome.snapshot in (None, self.snapshot) else outcome.snapshot
        same("snapshot", snapshot, computed)
        same("ratchet_tree", tree, outcome.commit)
        if snapshot is not None:
            self.load(snapshot, tree if tree is not None else self.tree)


def short(value):
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) < 120 else f"{text[:100]}… ({len(text)})"


def user_of(actor):
    return actor["user"].encode("latin-1")


def show(hosted, user, code_hash):
    shown = {it["user"]: it for it in hosted["shown"]} | {user: {"user": user, "code_hash": code_hash}}
    hosted["shown"] = [shown[user] for user in sorted(shown)]


def use_up(hosted, user):
    """A user has joined: a use of its code is gone."""
    for entry in [it for it in hosted["shown"] if it["user"] == user]:
        hosted["shown"].remove(entry)
        for code in [it for it in hosted["codes"] if it["code_hash"] == entry["code_hash"]]:
            code["uses"] = max(0, code["uses"] - 1)
            if code["uses"] == 0:
                hosted["codes"].remove(code)


def decides(room, actor, form, changes):
    try:
        policy.decide(Case({"room": room, "actor": actor, "form": form, "changes": changes}))
    except Refused:
        return False
    return True


def encode_struct(kind, value):
    struct = Struct(kind)
    struct.update(value)
    return LANGUAGE.encode(kind, struct)


def judge(case):
    hub = Hub(case)
    for place, step in enumerate(case.get("steps")):
        hub.play(step, place)


def valid(case):
    try:
        judge(case)
    except Refused as refused:
        raise Wrong("snapshot", f"refused: {refused}") from None


def invalid(case):
    try:
        judge(case)
    except (Refused, Wrong):
        return
    raise Wrong("snapshot", "accepted")
