"""Kind `wire`: every struct of the drafts, and what the drafts ask of a struct beyond its layout."""

import ipaddress
import re
from pathlib import Path

import content
from case import Wrong, refusal
from presentation import Language, Refused, Struct
from suites import Unjudged

CHECKS = {}

RATCHET_TREE_EXTENSION = 0x0002
APPLICATION, PROPOSAL, COMMIT = 1, 2, 3
MEMBER, EXTERNAL, NEW_MEMBER_PROPOSAL, NEW_MEMBER_COMMIT = 1, 2, 3, 4
MLS10 = 1


def check(*names):
    def add(function):
        for name in names:
            CHECKS[name] = function
        return function
    return add


def require(condition, reason):
    if not condition:
        raise Refused(reason)


def ascend(numbers, reason):
    require(all(a < b for a, b in zip(numbers, numbers[1:])), reason)


def text(data, reason="text is UTF-8"):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(reason) from None


# --- RFC 9420 ---


@check("list of Extension")
def extensions_differ(extensions, _):
    types = [extension["extension_type"] for extension in extensions]
    require(len(types) == len(set(types)), "each extension type occurs once")


@check("ParentNode")
def unmerged_leaves_ascend(node, _):
    ascend(node["unmerged_leaves"], "unmerged leaves ascend")


@check("RatchetTree")
def nodes_stand_in_their_places(nodes, _):
    require(not nodes or nodes[-1] is not None, "trailing blanks are left out")
    for position, node in enumerate(nodes):
        if node is not None:
            require(("leaf_node" in node) == (position % 2 == 0), "leaves stand at even places")


@check("MLSMessage")
def versions_agree(message, _):
    require(message["version"] == MLS10, "the version is mls10")
    if "key_package" in message:
        require(message["key_package"]["version"] == message["version"], "one version")


@check("KeyPackage", "KeyPackageTBS", "GroupContext", "FramedContentTBS", "ExternalEncryptionInfoTBS")
def version_is_known(value, _):
    require(value["version"] == MLS10, "the version is mls10")


@check("FramedContent")
def sender_may_send(content, _):
    sender, kind = content["sender"]["sender_type"], content["content_type"]
    if sender == EXTERNAL:
        require(kind == PROPOSAL, "an external sender proposes")
        require(content["proposal"]["proposal_type"] not in (2, 6, 10), "no such proposal from outside")
    elif sender == NEW_MEMBER_PROPOSAL:
        require(kind == PROPOSAL and content["proposal"]["proposal_type"] == 1, "a new member proposes an Add")
    elif sender == NEW_MEMBER_COMMIT:
        require(kind == COMMIT, "a new member commits")


@check("Credential")
def nesting_ends(credential, _):
    require(depth(credential) <= 4, "credentials nest in four levels")
    require(len(credential.get("pseudonymous", [None])) == 1, "one pseudonym fills its vector")


def depth(credential):
    bindings = (credential.get("multi") or credential.get("weak_multi") or {}).get("bindings", [])
    return 1 + max((depth(binding["credential"]) for binding in bindings), default=0)


# --- mls-extensions, ratchet tree options, SemiPrivateMessage, associated parties ---


@check("ComponentOperationLabel")
def base_label_is_fixed(label, _):
    require(label["base_label"] == b"MLS Component", 'the base label is "MLS Component"')


@check("AppDataDictionary")
def components_ascend(dictionary, _):
    ascend([entry["component_id"] for entry in dictionary["component_data"]], "the entries ascend by component")


@check("SafeAAD")
def items_ascend(aad, _):
    ascend([item["component_id"] for item in aad["aad_items"]], "the items ascend by component")


@check("APQMessagePair")
def messages_are_a_pair(pair, _):
    require("apq_message_pair" not in pair["t_message"], "no pair in a pair")
    for message in (pair["t_message"], pair["pq_message"]):
        require(message["wire_format"] == pair["wire_format"], "one wire format")
        application = message.get("private_message", {}).get("content_type") == APPLICATION
        require(not application, "no application data in a pair")


@check("PPRFNode")
def prefix_has_its_length(node, _):
    bits, prefix = node["prefix_length"], node["prefix"]
    require(len(prefix) == (bits + 7) // 8, "the prefix has prefix_length bits")
    require(set(path(node)[bits:]) <= {"0"}, "unused bits are 0")


@check("PPRFState")
def paths_are_prefix_free(state, _):
    paths = [path(node)[: node["prefix_length"]] for node in state["nodes"]]
    ascend(paths, "nodes ascend by their paths")
    # In ascending order, the paths that begin with another follow it at once.
    require(not any(b.startswith(a) for a, b in zip(paths, paths[1:])), "no path is a prefix of another")


def path(node):
    return "".join(f"{byte:08b}" for byte in node["prefix"])


@check("MessageRange")
def range_is_one(value, _):
    require(value["first_generation"] <= value["last_generation"], "the last generation is not less than the first")


TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"


@check("Parameter")
def parameter_is_one(parameter, _):
    name, value = text(parameter["parameter_name"]), text(parameter["parameter_value"])
    require(re.fullmatch(TOKEN, name), "a parameter's name is a token")
    require(not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value), "no control characters but tab")


@check("DomainName")
def domain_name_is_text(name, _):
    text(name["domain"])


@check("AppDataUpdateOperation")
def operation_is_valid(operation, _):
    require(operation != 0, "invalid(0) is no operation")


@check("MediaType")
def media_type_is_one(media_type, scope):
    kind = text(media_type["type"])
    if not kind and scope and scope[0].kind == "ApplicationFraming":
        require(not media_type["parameters"], "the empty media type has no parameters")
    else:
        require(re.fullmatch(f"{TOKEN}/{TOKEN}", kind), "it is type/subtype")
    names = [parameter["parameter_name"].lower() for parameter in media_type["parameters"]]
    require(len(names) == len(set(names)), "names differ, whatever their case")


@check("MediaTypeList")
def there_is_a_media_type(value, _):
    require(value["media_type_list"], "there is at least one")


@check("RatchetTreeOption")
def url_is_https(option, _):
    if "ratchet_tree_url" in option:
        require(is_https(option["ratchet_tree_url"]), "an https URL")


# RFC 3986: an https URI without user information and fragment, whose host isn't empty.
CHARACTER = r"[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2}"
HTTPS_URL = re.compile(
    rf"(?i:https)://(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|\[v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+\]|(?:{CHARACTER})+)"
    rf"(?::[0-9]*)?(?:/(?:{CHARACTER}|[:@/])*)?(?:\?(?:{CHARACTER}|[:@/?])*)?"
)


def is_https(data):
    match = HTTPS_URL.fullmatch(data.decode("latin-1"))
    if match and match["address"]:
        try:
            ipaddress.IPv6Address(match["address"])
        except ValueError:
            return False
    return bool(match)


@check("DomainList")
def there_is_a_domain(value, _):
    require(value["domains"], "there is at least one")


@check("PartialGroupInfo", "GroupInfoRatchetTreeTBE")
def tree_travels_apart(value, _):
    extensions = value.get("group_info_extensions", None)
    if extensions is None:
        extensions = value["groupInfo"]["extensions"]
    require(RATCHET_TREE_EXTENSION not in [e["extension_type"] for e in extensions], "no ratchet_tree among the extensions")


@check("ExternalReceivers")
def receivers_differ(receivers, _):
    require(all(a != b for i, a in enumerate(receivers) for b in receivers[:i]), "a receiver stands twice")


@check("SemiPrivateMessage", "SemiPrivateContentAAD")
def semi_private_is_a_handshake(message, _):
    require(message["content_type"] != APPLICATION, "semi-private messages carry handshakes only")
    references = [key["external_receiver_ref"] for key in message["keys_for_external_receivers"]]
    require(len(references) == len(set(references)), "one key for a receiver")


@check("AssociatedPartyCommitEncryptionContext")
def label_is_fixed(context, _):
    require(context["label"] == b"AP Commit Secret", 'the label is "AP Commit Secret"')


# --- mimi-protocol ---


@check("string", "UTF8String", "RichDescription")
def is_text(value, _):
    if isinstance(value, bytes):
        text(value)
    elif "string" in value:
        require("\0" not in text(value["string"]), "no NUL")
    else:
        text(value["media_type"])
        text(value["language_tag"])


MAY_BE_EMPTY = {"roomId": ("KeyMaterialRequest", "KeyMaterialRequestTBS"), "reportingUser": ("AbuseReport",)}


def identifiers_are_there(value, _):
    """An identifier has at least one octet, but where zero length means that it is absent."""
    for field, part in value.items():
        if getattr(part, "kind", None) == "IdentifierUri" and not part["uri"]:
            require(value.kind in MAY_BE_EMPTY.get(field, ()), f"{field} is empty")
    for field in ("uri",):
        if value.kind == "IdentifierResponse":
            require(all(uri["uri"] for uri in value[field]), f"{field} is empty")


for _kind in (
    "ClientKeyMaterial", "SubmitMessageRequest", "ServerFrankingContext", "ConsentEntry", "ConsentScope", "UserProfile",
    "AbuseReport", "PseudonymousCredential", "PseudonymousCredentialTBS",
):
    CHECKS[_kind] = identifiers_are_there


@check("IdentifierResponse")
def users_fit_the_code(response, scope):
    identifiers_are_there(response, scope)
    users, code = response["uri"] or response["foundProfiles"], response["responseCode"]
    require(users or code != 0, "under success, a user is listed")
    require(not users or code not in (1, 2, 3, 4), "under these codes, no users are listed")


@check("KeyMaterialRequest", "KeyMaterialRequestTBS")
def request_offers_a_suite(request, scope):
    identifiers_are_there(request, scope)
    require(request["acceptableCiphersuites"], "at least one suite")


@check("KeyMaterialResponse")
def clients_fit_the_code(response, scope):
    identifiers_are_there(response, scope)
    statuses = [client["clientStatus"] for client in response["clients"]]
    allowed = {0: all(s == 0 for s in statuses), 1: 0 in statuses, 3: 0 not in statuses}
    require(allowed.get(response["userStatus"], not statuses), "the clients don't fit the code")


@check("HandshakeBundle")
def bundle_is_of_handshakes(bundle, _):
    if "moreProposals" in bundle:
        more_are_of_the_same(bundle["proposalOrCommit"], bundle["moreProposals"])
    elif "group_info_extensions" not in bundle:
        option = bundle["groupInfoOption"]
        if "groupInfo" in option:
            types = [e["extension_type"] for e in option["groupInfo"]["extensions"]]
            require(RATCHET_TREE_EXTENSION not in types, "the GroupInfo omits the ratchet tree")


def more_are_of_the_same(first, more):
    for message in more:
        require(selected_handshake(message) == "proposal", "more proposals are proposals")
        require(group_and_epoch(message) == group_and_epoch(first), "more proposals are of the same group and epoch")


def group_and_epoch(message):
    content = message["public_message"]["content"] if "public_message" in message else message["semiprivate_message"]
    return content["group_id"], content["epoch"]


@check("GroupInfoOption")
def option_has_no_tree(option, _):
    if "groupInfo" in option:
        types = [e["extension_type"] for e in option["groupInfo"]["extensions"]]
        require(RATCHET_TREE_EXTENSION not in types, "the GroupInfo omits the ratchet tree")
    else:
        require(option["partialGroupInfo"]["ratchet_tree_presence"] in (0, 2), "MIMI's GroupInfo never has a tree")


@check("SubmitMessageRequest")
def submission_is_an_application_message(request, scope):
    identifiers_are_there(request, scope)
    private = request["appMessage"].get("private_message")
    require(private and private["content_type"] == APPLICATION, "a PrivateMessage with application data")


@check("FanoutMessage")
def staples_are_proposals(fanout, _):
    more_are_of_the_same(fanout["message"], fanout.get("moreProposals", []))
    externals = fanout.get("externalProposals", [])
    if externals:
        public = fanout["message"].get("public_message")
        require(public and public["content"]["sender"]["sender_type"] == NEW_MEMBER_COMMIT, "only after an external commit")
        for message in externals:
            require(selected_handshake(message) == "proposal", "external proposals are proposals")
            proposal = message["public_message"]["content"] if "public_message" in message else message["semiprivate_message"]
            require(proposal["group_id"] == public["content"]["group_id"], "external proposals are of this group")
            require(proposal["epoch"] == public["content"]["epoch"] + 1, "external proposals are of the new epoch")


@check("PendingProposal")
def pending_is_a_proposal(pending, _):
    require(selected_handshake(pending["proposal"]) == "proposal", "a proposal")


@check("GroupInfoResponseTBS")
def only_success_is_signed(tbs, _):
    require(tbs["status"] == 1, "only success has something to sign")


@check("QueryElement", "ProfileField")
def names_are_text(value, _):
    for field in ("claimName", "propertyName"):
        if field in value:
            text(value[field])


@check("RoomMetaData")
def avatar_is_https(data, _):
    avatar = data["room_avatar"]["uri"]
    require(not avatar or avatar.lower().startswith(b"https://"), "the avatar is an https URI")


@check("IdentityLinkKeysUpdate")
def leaves_ascend(update, _):
    touched = [key["leaf_index"] for key in update["set"]]
    ascend(touched, "leaves ascend")
    ascend(update["removed_leaves"], "leaves ascend")
    require(not set(touched) & set(update["removed_leaves"]), "a leaf is set or removed")


# --- mimi-room-policy ---


@check("Role", "Bot")
def role_names_are_text(value, _):
    for field in ("role_name", "role_description", "name", "description"):
        if field in value:
            text(value[field])


def selected_handshake(message):
    """`proposalOrCommit.content.content_type`: a PublicMessage or SemiPrivateMessage with a proposal or a commit."""
    if "public_message" in message:
        number = message["public_message"]["content"]["content_type"]
    elif "semiprivate_message" in message:
        number = message["semiprivate_message"]["content_type"]
    else:
        raise Refused("neither a PublicMessage nor a SemiPrivateMessage")
    return {PROPOSAL: "proposal", COMMIT: "commit"}.get(number)


def selected_event(message):
    """What a FanoutMessage carries: an application message, a welcome, a proposal or a commit."""
    if "welcome" in message:
        return "welcome"
    if "private_message" in message:
        return {APPLICATION: "application"}.get(message["private_message"]["content_type"])
    return selected_handshake(message)


LANGUAGE = Language(
    Path(__file__).parent / "structs", CHECKS, {"handshake": selected_handshake, "event": selected_event}
)

CBOR = {
    "MimiContent": content.decode_message,
    "MessageDerivedValues": content.decode_derived_values,
    "MessageStatusReport": content.decode_status_report,
}


def content_of(content_type):
    scope, inner = Struct("AuthenticatedContent"), Struct("FramedContent")
    inner["content_type"] = content_type
    scope["content"] = inner
    return scope


def decode(kind, data):
    """Takes all of `data`, or refuses it."""
    if kind in CBOR:
        CBOR[kind](data)
        return
    if kind not in LANGUAGE.types:
        raise Unjudged(f"type {kind} is unknown")
    if kind == "FramedContentAuthData":
        # Alone, nothing but its length says whether a confirmation tag is there.
        kinds = [refusal(LANGUAGE.decode, kind, data, (content_of(t),)) for t in (PROPOSAL, COMMIT)]
        require(None in kinds, kinds[1])
        return
    value = LANGUAGE.decode(kind, data)
    again = LANGUAGE.encode(kind, value)
    require(again == data, f"encodes to {again.hex()}")


def valid(case):
    refused = refusal(decode, case.text("type"), case.hex("encoded"))
    if refused:
        raise Wrong("encoded", f"refused: {refused}")


def invalid(case):
    if not refusal(decode, case.text("type"), case.hex("encoded")):
        raise Wrong("encoded", "accepted")
