"""Kind `franking`: revisions "06" (signed), "03" (integrity MAC) and "02" (context hash) of mimi-protocol's message franking."""

import hashlib
import hmac

from case import Wrong, refusal
from cbor import Reader
from content import decode_message
from presentation import Refused
from suites import Suite, Unjudged
import wire
from wire import LANGUAGE

ASSERTION = 100  # a stand-in for the number that the FrankingAssertion never got


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def bare_context(sender_uri, room_uri, timestamp):
    return sender_uri + room_uri + timestamp.to_bytes(8, "big")


def struct_context(sender_uri, room_uri, timestamp):
    return {"sender_uri": {"uri": sender_uri}, "room_uri": {"uri": room_uri}, "accepted_timestamp": timestamp}


def context_of(revision, sender_uri, room_uri, timestamp):
    if revision == "06":
        return LANGUAGE.encode("ServerFrankingContext", struct_context(sender_uri, room_uri, timestamp))
    return bare_context(sender_uri, room_uri, timestamp)


def integrity_tbs(server_frank, suite, sender_uri, room_uri, timestamp):
    return LANGUAGE.encode("FrankingIntegrityTBS", {
        "server_frank": server_frank, "franking_signature_ciphersuite": suite,
        "context": struct_context(sender_uri, room_uri, timestamp),
    })


def content_of(case, application_data):
    """The MIMI content: all of it, or what an ApplicationFraming (mls-extensions-10 section 6.2.4) holds."""
    framing = case.text("framing") if case.has("framing") else "bare"
    if framing == "bare":
        return application_data
    if framing != "application_framing":
        raise Unjudged(f"framing {framing} is unknown")
    wire.decode("ApplicationFraming", application_data)
    framed = LANGUAGE.decode("ApplicationFraming", application_data)
    # An empty type stands for the group's first, which is application/mimi-content here.
    if framed["media_type"]["type"].lower() not in (b"", b"application/mimi-content"):
        raise Refused("another media type")
    return framed["inner_application_content"]


class Committed:
    """What the sender committed to in its content: a key for the tag, its own URI and the room's."""

    def __init__(self, case, application_data):
        revision = case.text("revision")
        if revision not in ("06", "03", "02"):
            raise Unjudged(f"revision {revision} is unknown")
        message = decode_message(content_of(case, application_data))
        values = dict(message["extensions"])
        self.salt = message["salt"]
        self.sender_uri, self.room_uri = self.uri(values, 1), self.uri(values, 2)
        if revision == "02":
            assertion = dict(self.read(values, ASSERTION))
            self.salt = assertion.get(1)
            if not isinstance(self.salt, bytes) or len(self.salt) != 32:
                raise Refused("a franking key has 32 octets")
            uris = [assertion.get(key, "").encode() for key in (2, 3)]
            if uris != [self.sender_uri, self.room_uri]:
                raise Refused("the assertion and the extensions differ")

    @staticmethod
    def read(values, key):
        if key not in values:
            raise Refused(f"extension {key} is missing")
        return Reader(values[key]).item(2)

    def uri(self, values, key):
        return self.read(values, key).encode()


def secret(case, field):
    """A secret of the key schedule. HMAC pads its key, so a lost zero at its end would go unnoticed."""
    data = case.hex(field)
    if len(data) not in (32, 48, 64):
        raise Refused(f"{field} has {len(data)} octets")
    return data


def same(what, given, computed):
    if not hmac.compare_digest(given, computed):
        raise Refused(f"another {what}")


def receive(case):
    """What a receiver checks, who knows sender and room from MLS and the time from the fan-out."""
    revision, application_data = case.text("revision"), case.hex("application_data")
    committed = Committed(case, application_data)
    sender_uri, room_uri, timestamp = case.utf8("sender_uri"), case.utf8("room_uri"), case.integer("accepted_timestamp")
    tag, frank = case.hex("franking_tag"), case.hex("server_frank")
    same("sender", committed.sender_uri, sender_uri)
    same("room", committed.room_uri, room_uri)
    same("salt", committed.salt, case.hex("salt"))
    same("franking tag", tag, hmac_sha256(committed.salt, application_data))
    if revision == "06":
        suite = Suite(case.integer("cipher_suite"))
        tbs = integrity_tbs(frank, suite.number, sender_uri, room_uri, timestamp)
        suite.verify_with_label(
            case.hex("signature_public_key"), b"FrankingIntegrityTBS", tbs, case.hex("franking_integrity_signature")
        )
    elif revision == "03":
        context = bare_context(sender_uri, room_uri, timestamp)
        check = hmac_sha256(secret(case, "franking_integrity_secret"), frank + context)
        same("integrity check", case.hex("franking_integrity_check"), check)
    else:
        context = bare_context(sender_uri, room_uri, timestamp)
        digest = hashlib.sha256(secret(case, "franking_context_secret") + context).digest()
        same("context hash", case.hex("franking_context_hash"), digest)


def judge_report(case):
    """What the hub checks, who takes all but the time and the frank from the reported content."""
    revision, application_data = case.text("revision"), case.hex("application_data")
    committed = Committed(case, application_data)
    timestamp, frank = case.integer("accepted_timestamp"), case.hex("server_frank")
    if len(case.hex("hub_key")) < 32:
        raise Refused("a hub_key has 32 octets or more")
    tag = hmac_sha256(committed.salt, application_data)
    if revision == "02":
        same("franking tag", case.hex("franking_tag"), tag)
    context = context_of(revision, committed.sender_uri, committed.room_uri, timestamp)
    same("server frank", frank, hmac_sha256(case.hex("hub_key"), tag + context))
    if revision == "06":
        suite = Suite(case.integer("cipher_suite"))
        tbs = integrity_tbs(frank, suite.number, committed.sender_uri, committed.room_uri, timestamp)
        public_key = suite.public_of(case.hex("signature_private_key"))
        suite.verify_with_label(public_key, b"FrankingIntegrityTBS", tbs, case.hex("franking_integrity_signature"))


PARTIES = {"receiver": receive, "hub": judge_report}


def known(case):
    if case.text("revision") not in ("06", "03", "02"):
        raise Wrong("revision", "unknown")


def valid(case):
    known(case)
    for party, judge in PARTIES.items():
        reason = refusal(judge, case)
        if reason:
            raise Wrong("franking_tag", f"the {party} refuses: {reason}")
    revision, application_data = case.text("revision"), case.hex("application_data")
    sender_uri, room_uri, timestamp = case.utf8("sender_uri"), case.utf8("room_uri"), case.integer("accepted_timestamp")
    case.equal("franking_tag", hmac_sha256(case.hex("salt"), application_data))
    context = context_of(revision, sender_uri, room_uri, timestamp)
    case.equal("server_frank", hmac_sha256(case.hex("hub_key"), case.hex("franking_tag") + context))
    if revision == "06":
        suite, private_key = Suite(case.integer("cipher_suite")), case.hex("signature_private_key")
        case.equal("signature_public_key", suite.public_of(private_key))
        if suite.is_deterministic:
            tbs = integrity_tbs(case.hex("server_frank"), suite.number, sender_uri, room_uri, timestamp)
            signature = suite.sign_with_label(private_key, b"FrankingIntegrityTBS", tbs)
            case.equal("franking_integrity_signature", signature)


def invalid(case):
    known(case)
    parties = case.get("refused_by")
    if not parties or not set(parties) <= set(PARTIES):
        raise Wrong("refused_by", "names no party, or an unknown one")
    for party in parties:
        if not refusal(PARTIES[party], case):
            raise Wrong("refused_by", f"the {party} accepts")
