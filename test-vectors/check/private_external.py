"""Kind `private-external`: sealed messages of outsiders (mls-private-external-01 section 3)."""

from case import Wrong, refusal
from presentation import Refused
from suites import Suite
from wire import LANGUAGE

MEMBER = 1


def judge(case):
    suite = Suite(case.integer("cipher_suite"))
    group_id, epoch = case.hex("group_id"), case.integer("epoch")
    secret = suite.secret(case.hex("epoch_secret"), "epoch_secret")
    ikm = suite.expand_with_label(secret, b"external encryption", b"", suite.Nh)
    private_key = suite.derive_key_pair(ikm)
    if private_key != case.hex("external_encryption_private_key"):
        raise Refused(f"the private key is {private_key.hex()}")
    info = LANGUAGE.decode("ExternalEncryptionInfo", case.hex("external_encryption_info"))
    if info["external_encryption_public_key"] != suite.hpke_public_of(private_key):
        raise Refused("another public key")
    root = suite.public_of(case.hex("root_private_signature_key"))
    if info["root_public_signature_key"] != root or info["ciphersuite"] != suite.number:
        raise Refused("another root key or suite")
    tbs = {"version": 1, "group_id": group_id, "epoch": epoch, **info}
    tbs = LANGUAGE.encode("ExternalEncryptionInfoTBS", tbs)
    suite.verify_with_label(root, b"ExternalEncryptionInfoTBS", tbs, info["external_encryption_signature"])

    message = LANGUAGE.decode("PrivateExternalMessage", case.hex("private_external_message"))
    if message["group_id"] != group_id or message["epoch"] != epoch:
        raise Refused("another group or epoch")
    sealed = message["encrypted_public_message"]
    label = b"PrivateExternalMessageContent"
    opened = suite.decrypt_with_label(private_key, label, b"", sealed["kem_output"], sealed["ciphertext"])
    public = LANGUAGE.decode("PublicMessage", opened)
    content = public["content"]
    for field in ("group_id", "epoch", "content_type", "authenticated_data"):
        if content[field] != message[field]:
            raise Refused(f"{field} differs inside and outside")
    if content["sender"]["sender_type"] == MEMBER:
        raise Refused("a member does not send this way")
    if opened != case.hex("public_message"):
        raise Refused("another PublicMessage")


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("private_external_message", f"refused: {reason}")


def invalid(case):
    if not refusal(judge, case):
        raise Wrong("private_external_message", "accepted")
