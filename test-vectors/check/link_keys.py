"""Kind `link-keys`: identity links in the commits of a minimal-metadata room, the wrapper key of an epoch, new connection keys."""

from case import Wrong, hex_of, refusal
from presentation import Refused
from suites import Suite, Unjudged
from wire import LANGUAGE

COMPONENT = 0x8B01
ADD, UPDATE, REMOVE, SELF_REMOVE, APP_DATA_UPDATE = 1, 2, 3, 10, 8
PSEUDONYMOUS = 0xF004


def same(what, given, computed):
    if given != computed:
        raise Refused(f"{what}: computed {computed!r}")


def blank(leaves):
    return next(index for index in range(len(leaves) + 1) if index not in leaves)


def credential_of(leaf):
    """Every leaf is pseudonymous and signs with the key of its credential."""
    if leaf["credential"]["credential_type"] != PSEUDONYMOUS:
        raise Refused("a leaf that is not pseudonymous")
    credential, = leaf["credential"]["pseudonymous"]
    if credential["signature_public_key"] != leaf["signature_key"]:
        raise Refused("a leaf signs with another key")
    return credential


def pseudonyms(credential):
    return credential["client_pseudonym"]["uri"], credential["user_pseudonym"]["uri"]


class Commit:
    """What the proposals do to the leaves: updates, removals, additions at the leftmost blank leaf, the path."""

    def __init__(self, before, committer, proposals, path):
        self.leaves, self.committer = dict(before), committer
        self.added, self.removed, self.updated, self.updates = [], [], [], []
        for by, it in proposals:
            if it["proposal_type"] == UPDATE:
                self.renew(by, it["update"]["leaf_node"])
        for by, it in proposals:
            if it["proposal_type"] in (REMOVE, SELF_REMOVE):
                leaf = it["remove"]["removed"] if it["proposal_type"] == REMOVE else by
                if self.leaves.pop(leaf, None) is None:
                    raise Refused(f"leaf {leaf} is blank")
                self.removed.append((leaf, it["proposal_type"] == SELF_REMOVE))
        for by, it in proposals:
            if it["proposal_type"] == ADD:
                self.add(by, it["add"]["key_package"]["leaf_node"])
        if path is not None and committer is None:
            self.add(None, path)
        elif path is not None:
            self.renew(committer, path)
        clients = [it["client_pseudonym"]["uri"] for it in self.leaves.values()]
        if len(set(clients)) != len(clients):
            raise Refused("a client pseudonym twice")
        for by, it in proposals:
            if it["proposal_type"] == APP_DATA_UPDATE and it["app_data_update"]["component_id"] == COMPONENT:
                if it["app_data_update"]["op"] != 1:
                    raise Refused("the component is removed")
                self.updates.append((by, LANGUAGE.decode("IdentityLinkKeysUpdate", it["app_data_update"]["update"])))

    def renew(self, leaf, node):
        if leaf not in self.leaves:
            raise Refused(f"leaf {leaf} is blank")
        self.leaves[leaf] = credential_of(node)
        self.updated.append(leaf)

    def add(self, by, node):
        leaf = blank(self.leaves)
        self.leaves[leaf] = credential_of(node)
        self.added.append((leaf, by))

    def check_identities(self, before):
        gone = {leaf for leaf, _ in self.removed}
        for leaf in self.updated:
            if leaf not in gone and pseudonyms(before[leaf]) != pseudonyms(self.leaves[leaf]):
                raise Refused(f"leaf {leaf} becomes another client")
        present = {it["user_pseudonym"]["uri"] for it in before.values()}
        first = {}
        for leaf, by in self.added:
            user = self.leaves[leaf]["user_pseudonym"]["uri"]
            if user in present:
                if by is None or before[by]["user_pseudonym"]["uri"] != user:
                    raise Refused(f"leaf {leaf} under the pseudonym of another")
            elif first.setdefault(user, by) != by:
                raise Refused("one new pseudonym, two parties that add")
        if self.committer is None:
            own = self.leaves[self.added[-1][0]]["user_pseudonym"]["uri"]
            for leaf, itself in self.removed:
                if not itself and before[leaf]["user_pseudonym"]["uri"] != own:
                    raise Refused("a joiner removes the leaf of another")

    def keys_after(self, keys, add_aad):
        """Of the wrapped keys by their leaf."""
        expected = [] if add_aad is None else add_aad
        if len(expected) != len(self.added):
            linked = [leaf for leaf, _ in self.added if self.leaves[leaf]["identity_link_ciphertext"]]
            if add_aad is not None or linked:
                raise Refused("the AddAAD has another number of keys")
            expected = [b""] * len(self.added)
        keys, said = dict(keys), set()
        removed, added = {leaf for leaf, _ in self.removed}, {leaf for leaf, _ in self.added}
        before = set(keys)
        for by, update in self.updates:
            for leaf in update["removed_leaves"]:
                if leaf not in removed and leaf not in self.updated:
                    raise Refused(f"the key of leaf {leaf} is removed without it")
                if keys.pop(leaf, None) is None:
                    raise Refused(f"leaf {leaf} has no key")
                said.add(leaf)
            for entry in update["set"]:
                leaf = entry["leaf_index"]
                own = leaf == by and leaf not in removed
                if leaf not in self.leaves or not (leaf in added or own):
                    raise Refused(f"the key of leaf {leaf} is not the sender's")
                keys[leaf] = entry["key"]["ciphertext"]
                said.add(leaf)
        if (removed | set(self.updated)) & before - said:
            raise Refused("a key stays without its client")
        for (leaf, _), key in zip(self.added, expected):
            if keys.get(leaf, b"") != key:
                raise Refused(f"AddAAD and update differ at leaf {leaf}")
        return keys


def check_forms(suite, commit):
    for leaf in [leaf for leaf, _ in commit.added] + commit.updated:
        link = commit.leaves.get(leaf, {}).get("identity_link_ciphertext")
        if link:
            sealed = LANGUAGE.decode("NonceAndCiphertext", link)
            if len(link) > 65536 or len(sealed["nonce"]) != suite.Nn or len(sealed["ciphertext"]) < 16:
                raise Refused(f"the link at leaf {leaf} is malformed")
    nothing = {"nonce": bytes(suite.Nn), "ciphertext": bytes(suite.Nh + 16)}
    length = len(LANGUAGE.encode("NonceAndCiphertext", nothing))
    for _, update in commit.updates:
        if any(len(entry["key"]["ciphertext"]) != length for entry in update["set"]):
            raise Refused("a wrapped key of another length")


def check_keys(keys, leaves):
    for leaf in keys:
        if not leaves.get(leaf, {}).get("identity_link_ciphertext"):
            raise Refused(f"a key at leaf {leaf}, which has no link")


def commit(case):
    suite = Suite(case.integer("cipher_suite"))
    rule, pending = case.text("rule"), bool(case.data.get("rotation_pending"))
    if rule not in ("static", "changes_with_removals"):
        raise Wrong("rule", "unknown")
    decode = lambda kind, data: LANGUAGE.decode(kind, hex_of(data, kind))
    before = {index: decode("PseudonymousCredential", leaf) for index, leaf in enumerate(case.get("leaves")) if leaf is not None}
    data = LANGUAGE.decode("IdentityLinkKeysData", case.hex("link_keys"))["identity_link_key_ciphertexts"]
    if len(data) != max(before, default=-1) + 1:
        raise Refused("another number of places than of leaves")
    keys = {index: key["ciphertext"] for index, key in enumerate(data) if key is not None}
    check_keys(keys, before)
    committer = case.data.get("committer")
    proposals = [(by, decode("Proposal", proposal)) for by, proposal in case.get("proposals")]
    path = LANGUAGE.decode("LeafNode", case.hex("path")) if case.has("path") else None
    add_aad = None
    for item in LANGUAGE.decode("SafeAAD", case.hex("safe_aad"))["aad_items"]:
        if item["component_id"] == COMPONENT:
            add_aad = LANGUAGE.decode("AddAAD", item["aad_item_data"])["encrypted_identity_link_keys"]
            add_aad = [key["ciphertext"] for key in add_aad]

    it = Commit(before, committer, proposals, path)
    it.check_identities(before)
    check_forms(suite, it)
    rotates = rule == "changes_with_removals"
    begins = rotates and any(itself or committer is not None for _, itself in it.removed)
    rewrap = None
    if rotates and not (it.added or it.removed or it.updated) and len(it.updates) == 1 and it.updates[0][0] is not None:
        by, update = it.updates[0]
        if pending or any(entry["leaf_index"] != by for entry in update["set"]):
            rewrap = update
    if rewrap is not None:
        if rewrap["removed_leaves"] or [entry["leaf_index"] for entry in rewrap["set"]] != sorted(keys):
            raise Refused("not all keys are wrapped anew")
        after = {entry["leaf_index"]: entry["key"]["ciphertext"] for entry in rewrap["set"]}
    else:
        after = it.keys_after(keys, add_aad)
        check_keys(after, it.leaves)
    still = (pending or begins) and rewrap is None and bool(after)
    if still and (it.added or any(update["set"] for _, update in it.updates)):
        raise Refused("a rotation is pending")
    if case.is_valid:
        places = range(max(it.leaves, default=-1) + 1)
        data = [{"ciphertext": after[index]} if index in after else None for index in places]
        case.equal("link_keys_after", LANGUAGE.encode("IdentityLinkKeysData", {"identity_link_key_ciphertexts": data}))
        if bool(case.data.get("rotation_pending_after")) != still:
            raise Wrong("rotation_pending_after", f"computed {still}")


def wrapper_key(case):
    suite = Suite(case.integer("cipher_suite"))
    node = suite.derive_secret(suite.secret(case.hex("epoch_secret"), "epoch_secret"), b"application_export")
    for bit in f"{COMPONENT:016b}":
        node = suite.expand_with_label(node, b"tree", b"right" if bit == "1" else b"left", suite.Nh)
    same("component_secret", case.hex("component_secret"), node)
    context = LANGUAGE.encode("EpochWrapperContext", {"group_id": case.hex("group_id"), "epoch": case.integer("epoch")})
    key = suite.expand_with_label(node, b"IdentityLinkEpochWrapperKey", context, suite.Nh)
    same("identity_link_wrapper_key", case.hex("identity_link_wrapper_key"), key)


def connection_key(case):
    suite = Suite(case.integer("cipher_suite"))
    link_key = suite.secret(case.hex("sender_identity_link_key"), "sender_identity_link_key")
    credential = LANGUAGE.decode("PseudonymousCredential", case.hex("sender_credential"))
    tbs = LANGUAGE.encode("PseudonymousCredentialTBS", credential)
    sealed = LANGUAGE.decode("NonceAndCiphertext", credential["identity_link_ciphertext"])
    key = suite.expand_with_label(link_key, b"IdentityLinkEncryptionKey", b"", suite.Nk)
    link = LANGUAGE.decode("IdentityLinkTBE", suite.open(key, sealed["nonce"], tbs, sealed["ciphertext"]))
    same("sender_client_credential", case.hex("sender_client_credential"), LANGUAGE.encode("Credential", link["client_credential"]))
    signature = link["pseudonymous_credential_signature"]
    suite.verify_with_label(case.hex("sender_signature_public_key"), b"PseudonymousCredentialTBS", tbs, signature)
    if case.text("sender_user") != case.text("user"):
        raise Refused("the key of another user")

    fingerprint = lambda key: suite.expand_with_label(key, b"ConnectionKeyFingerprint", b"", 16)
    current, previous = suite.secret(case.hex("connection_key"), "connection_key"), case.optional_hex("previous_connection_key")
    retired = {hex_of(it, "retired") for it in case.get("retired")}
    message = LANGUAGE.decode("ConnectionResponse", case.hex("message"))
    new = suite.secret(message["responder_connection_key"], "message")
    if new != current:
        if new == previous or fingerprint(new) in retired:
            raise Refused("a key that was replaced")
        retired.add(fingerprint(current))
        current, previous = new, current
    if case.is_valid:
        case.equal("connection_key_after", current)
        case.equal("previous_connection_key_after", previous)
        case.equal("retired_after", [it.hex() for it in sorted(retired)])


WHAT = {"commit": commit, "wrapper_key": wrapper_key, "connection_key": connection_key}


def judge(case):
    if case.text("what") not in WHAT:
        raise Unjudged(f"what: {case.text('what')!r}")
    WHAT[case.text("what")](case)


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("what", f"refused: {reason}")


def invalid(case):
    if not refusal(judge, case):
        raise Wrong("valid", "accepted")
