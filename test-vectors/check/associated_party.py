"""Kind `associated-party`: the key schedule of mls-associated-parties-01, down to the secrets that franking uses."""

from case import Wrong, refusal
from presentation import Refused
from suites import Suite, component_label
from wire import LANGUAGE

COMPONENT = 0x0007


def derive(case):
    suite = Suite(case.integer("cipher_suite"))
    entry = LANGUAGE.decode("AssociatedPartyEntry", case.hex("ap_entry"))
    group_context = LANGUAGE.decode("GroupContext", case.hex("group_context"))
    if group_context["cipher_suite"] != suite.number:
        raise Refused("the group has another suite")
    index = case.integer("ap_index")
    if not 0 <= index < 2**32:
        raise Refused("an index has 32 bits")
    if case.has("sender_signature_public_key"):
        tbs = {field: entry[field] for field in ("encryption_key", "external_sender_index")}
        suite.verify_with_label(
            case.hex("sender_signature_public_key"), b"AssociatedPartyEntryTBS",
            LANGUAGE.encode("AssociatedPartyEntryTBS", tbs), entry["signature"],
        )
    secrets = {}
    export = LANGUAGE.encode("AssociatedPartyExportContext", {"ap_index": index, "ap_entry": entry})
    ap_secret = suite.secret(case.hex("ap_secret"), "ap_secret")
    base = suite.expand_with_label(ap_secret, b"AP Commit Base Secret", export, suite.Nh)
    secrets["ap_commit_base_secret"] = base
    secrets["ap_commit_secret"] = suite.derive_secret(base, b"AP Commit Secret")
    secrets["ap_commit_secret_id"] = suite.derive_secret(base, b"AP Commit Secret ID")
    previous = case.optional_hex("ap_init_secret_previous")
    previous = bytes(suite.Nh) if previous is None else suite.secret(previous, "ap_init_secret_previous")
    extracted = suite.extract(previous, secrets["ap_commit_secret"])
    epoch = suite.expand_with_label(extracted, b"ap_epoch", case.hex("group_context"), suite.Nh)
    secrets["ap_epoch_secret"] = epoch
    secrets["ap_exporter_secret"] = suite.derive_secret(epoch, b"ap_exporter")
    secrets["ap_init_secret"] = suite.derive_secret(epoch, b"init")
    for label in ("franking_context", "franking_integrity"):
        secrets[f"{label}_secret"] = suite.derive_secret(secrets["ap_exporter_secret"], label.encode())
    if case.has("sealed_ap_commit_base_secret"):
        sealed = LANGUAGE.decode("HPKECiphertext", case.hex("sealed_ap_commit_base_secret"))
        context = LANGUAGE.encode("AssociatedPartyCommitEncryptionContext", {
            "label": b"AP Commit Secret", "group_context": group_context,
            "ap_commit_secret_id": secrets["ap_commit_secret_id"],
        })
        private_key = case.hex("ap_encryption_private_key")
        if suite.hpke_public_of(private_key) != entry["encryption_key"]:
            raise Refused("the entry has another encryption key")
        opened = suite.decrypt_with_label(
            private_key, component_label(COMPONENT, b"AP Commit Secret"), context, sealed["kem_output"], sealed["ciphertext"]
        )
        if opened != base:
            raise Refused("another base secret is sealed")
    for field, secret in secrets.items():
        if case.hex(field) != secret:
            raise Refused(f"{field}: computed {secret.hex()}")


def valid(case):
    reason = refusal(derive, case)
    if reason:
        raise Wrong("ap_commit_base_secret", reason)


def invalid(case):
    if not refusal(derive, case):
        raise Wrong("valid", "accepted")
