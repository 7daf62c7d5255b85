"""Kind `apq`: combined groups (mls-combiner, August 2026): the PSK, the suites, and what commits hold."""

from case import Wrong, hex_of, refusal
from presentation import Refused
from suites import Suite, Unjudged, prefixed
from wire import LANGUAGE

COMPONENT = 0x0006
DICTIONARY, REQUIRED_WIRE_FORMATS = 0x0006, 0x0008
ADD, REMOVE, PSK, EXTERNAL_INIT, UPDATE_DATA, SELF_REMOVE = 1, 3, 4, 6, 8, 10
APPLICATION_PSK, UPDATE = 3, 1
PAIR = 7
FIXED = ("t_session_group_id", "pq_session_group_id", "mode", "t_cipher_suite", "pq_cipher_suite")
# The KEM alone decides in mode 0, the signatures too in mode 1.
PURE, PURE_WITH_ML_DSA = {0xF042, 0x0050, 0x0042, 0x0051, 0x0907}, {0x0051, 0x0907}


def require(condition, reason):
    if not condition:
        raise Refused(reason)


def derive(suite, secret, label):
    """DeriveSecret with a secret of any length."""
    info = suite.Nh.to_bytes(2, "big") + prefixed(b"MLS 1.0 " + label) + prefixed(b"")
    return suite.mac(secret, info + b"\1")


def judge_psk(case):
    t, pq = Suite(case.integer("t_cipher_suite")), Suite(case.integer("pq_cipher_suite"))
    exporter = pq.secret(case.hex("apq_exporter"), "apq_exporter")
    psk_id, psk = derive(t, exporter, b"psk_id"), derive(t, exporter, b"psk")
    require(psk_id == case.hex("apq_psk_id") and psk == case.hex("apq_psk"), "another PSK")
    require(len(case.hex("psk_nonce")) == t.Nh, "a nonce of another length")
    named = LANGUAGE.decode("PreSharedKeyID", case.hex("pre_shared_key_id"))
    require(named["psktype"] == APPLICATION_PSK and named["component_id"] == COMPONENT, "another PSK is named")
    require(named["application_psk_id"] == psk_id and named["psk_nonce"] == case.hex("psk_nonce"), "another PSK is named")


def judge_suites(case):
    info = LANGUAGE.decode("APQInfo", case.hex("apq_info"))
    require(1 <= info["t_cipher_suite"] <= 7, "the traditional suite is not traditional")
    require(info["pq_cipher_suite"] in (PURE_WITH_ML_DSA if info["mode"] else PURE), "the other suite does not fit")


def extension(context, number):
    found = [it["extension_data"] for it in context["extensions"] if it["extension_type"] == number]
    return found[0] if found else None


def info_of(context):
    data = extension(context, DICTIONARY)
    if data is None:
        return None
    entries = LANGUAGE.decode("AppDataDictionary", data)["component_data"]
    found = [entry["data"] for entry in entries if entry["component_id"] == COMPONENT]
    return LANGUAGE.decode("APQInfo", found[0]) if found else None


def contexts(case):
    return [LANGUAGE.decode("GroupContext", case.hex(f"{side}_group_context")) for side in ("t", "pq")]


def describes(info, t, pq, t_epoch, pq_epoch):
    require(info["t_session_group_id"] != info["pq_session_group_id"], "one group")
    require(info["t_cipher_suite"] != info["pq_cipher_suite"], "one suite")
    for side, context in (("t", t), ("pq", pq)):
        require(info[f"{side}_session_group_id"] == context["group_id"], "another group")
        require(info[f"{side}_cipher_suite"] == context["cipher_suite"], "another suite")
    require(info["t_epoch"] == t_epoch and info["pq_epoch"] == pq_epoch, "another epoch")


def judge_session(case):
    t, pq = contexts(case)
    info = info_of(t)
    require(info is not None and info_of(pq) is not None, "no APQInfo")
    require(info == info_of(pq), "two APQInfos")
    for context in (t, pq):
        formats = extension(context, REQUIRED_WIRE_FORMATS)
        require(formats is not None, "no required_wire_formats")
        require(PAIR in LANGUAGE.decode("WireFormats", formats)["wire_formats"], "pairs are not required")
    # PARTIAL commits bring the traditional group on.
    require(t["epoch"] >= info["t_epoch"], "behind its APQInfo")
    describes(info, t, pq, info["t_epoch"], pq["epoch"])
    require(LANGUAGE.encode("APQInfo", info) == case.hex("apq_info"), "another APQInfo")


def proposals(case, field):
    return [LANGUAGE.decode("Proposal", hex_of(text, field)) for text in case.get(field)]


def is_update(proposal):
    return proposal["proposal_type"] == UPDATE_DATA and proposal["app_data_update"]["component_id"] == COMPONENT


def is_psk(proposal):
    if proposal["proposal_type"] != PSK:
        return False
    psk = proposal["psk"]["psk"]
    return psk["psktype"] == APPLICATION_PSK and psk["component_id"] == COMPONENT


def updated(before, list_of):
    updates = []
    for proposal in filter(is_update, list_of):
        require(proposal["app_data_update"]["op"] == UPDATE, "the APQInfo stays")
        updates.append(LANGUAGE.decode("APQInfoUpdate", proposal["app_data_update"]["update"]))
    if [update["update_type"] for update in updates] == [0]:
        new = updates[0]["new_apq_info"]
        require(before is None or all(before[field] == new[field] for field in FIXED), "a fixed field changes")
        return new
    require(sorted(update["update_type"] for update in updates) == [1, 2], "one full update, or both epochs")
    require(before is not None, "no APQInfo yet")
    new = type(before)(before.kind)
    new.update(before)
    for update in updates:
        new |= {"t_epoch": update["new_t_epoch"]} if update["update_type"] == 1 else {"pq_epoch": update["new_pq_epoch"]}
    return new


def judge_full_commit(case):
    t, pq = contexts(case)
    t_proposals, pq_proposals = proposals(case, "t_proposals"), proposals(case, "pq_proposals")
    require(info_of(t) == info_of(pq), "two APQInfos")
    info = updated(info_of(t), t_proposals)
    require(info == updated(info_of(pq), pq_proposals), "two APQInfos")
    describes(info, t, pq, t["epoch"] + 1, pq["epoch"] + 1)
    require(len(list(filter(is_psk, t_proposals))) == 1, "one PSK")
    require(not any(map(is_psk, pq_proposals)), "no PSK in the post-quantum group")
    require(LANGUAGE.encode("APQInfo", info) == case.hex("apq_info"), "another APQInfo")


def judge_partial_commit(case):
    for proposal in proposals(case, "t_proposals"):
        members = proposal["proposal_type"] in (ADD, REMOVE, EXTERNAL_INIT, SELF_REMOVE)
        require(not members and not is_update(proposal) and not is_psk(proposal), "it takes a FULL commit")


JUDGES = {
    "psk": judge_psk, "suites": judge_suites, "session": judge_session,
    "full_commit": judge_full_commit, "partial_commit": judge_partial_commit,
}


def judge(case):
    what = case.text("what")
    if what not in JUDGES:
        raise Unjudged(f"{what} is unknown")
    JUDGES[what](case)


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("what", f"refused: {reason}")


def invalid(case):
    if not refusal(judge, case):
        raise Wrong("what", "accepted")
