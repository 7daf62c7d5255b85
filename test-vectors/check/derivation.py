"""Kind `derivation`: salts, the exporter tree, and the operations that keep components apart (mimi-content-09 section 9.2,
mimi-protocol-02 section 8.1.1, mls-extensions-10 sections 4.2 to 4.4)."""

import hashlib
import hmac

from case import Wrong, hex_of, refusal
from presentation import Refused
from suites import Suite, Unjudged, component_label
from wire import LANGUAGE


def same(what, given, computed):
    if given != computed:
        raise Refused(f"{what}: computed {computed.hex()}")


def from_base(case, base, length, result):
    secret = case.hex(base)
    if len(secret) != 32:
        raise Refused(f"{base} has {len(secret)} bytes")
    same(result, case.hex(result), hmac.new(secret, case.hex("nonce"), hashlib.sha256).digest()[:length])


def exporter_tree(case):
    suite = Suite(case.integer("cipher_suite"))
    root = suite.derive_secret(suite.secret(case.hex("epoch_secret"), "epoch_secret"), b"application_export")
    same("application_export_secret", case.hex("application_export_secret"), root)
    exported = set()
    for component, secret in case.get("exports"):
        if component in exported:
            raise Refused(f"component {component} is exported twice")
        exported.add(component)
        node = root
        for bit in f"{component:016b}":
            node = suite.expand_with_label(node, b"tree", b"right" if bit == "1" else b"left", suite.Nh)
        same(f"component {component}", hex_of(secret, "exports"), node)


def component_signature(case):
    suite, private_key = Suite(case.integer("cipher_suite")), case.hex("signature_private_key")
    label, content = component_label(case.integer("component_id"), case.utf8("label")), case.hex("content")
    same("signature_public_key", case.hex("signature_public_key"), suite.public_of(private_key))
    suite.verify_with_label(case.hex("signature_public_key"), label, content, case.hex("signature"))
    if suite.is_deterministic:
        same("signature", case.hex("signature"), suite.sign_with_label(private_key, label, content))


def component_seal(case):
    suite, private_key = Suite(case.integer("cipher_suite")), case.hex("private_key")
    label = component_label(case.integer("component_id"), case.utf8("label"))
    same("public_key", case.hex("public_key"), suite.hpke_public_of(private_key))
    sealed = LANGUAGE.decode("HPKECiphertext", case.hex("sealed"))
    opened = suite.decrypt_with_label(private_key, label, case.hex("context"), sealed["kem_output"], sealed["ciphertext"])
    same("plaintext", case.hex("plaintext"), opened)


WHAT = {
    "salt": lambda case: from_base(case, "salt_base_secret", 16, "salt"),
    "franking_key": lambda case: from_base(case, "franking_base_secret", 32, "franking_key"),
    "exporter_tree": exporter_tree,
    "component_signature": component_signature,
    "component_seal": component_seal,
}


def judge(case):
    if case.text("what") not in WHAT:
        raise Unjudged(f"{case.text('what')} is unknown")
    WHAT[case.text("what")](case)


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong(case.text("what"), reason)


def invalid(case):
    if refusal(judge, case) is None:
        raise Wrong(case.text("what"), "accepted")
