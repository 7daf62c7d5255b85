"""Kind `identity-link`: from the pseudonymous credential and the wrapper key to the real client credential, and back."""

import name as names
from case import Wrong, refusal
from connection import one_spelling
from presentation import Refused
from suites import Suite
from wire import LANGUAGE


def struct_of(kind, data):
    return LANGUAGE.decode(kind, data)


def open_sealed(suite, key, aad, data, nonce):
    """A NonceAndCiphertext, whose nonce the case names too."""
    sealed = struct_of("NonceAndCiphertext", data)
    if sealed["nonce"] != nonce:
        raise Refused("another nonce")
    return suite.open(key, nonce, aad, sealed["ciphertext"])


def host(uri, what):
    """The provider of a MIMI URI in the one spelling that counts."""
    one_spelling(uri, what)
    match = names.MIMI_URI.match(uri.decode("ascii", "replace"))
    if not match:
        raise Refused(f"{what} is no MIMI URI")
    return match[1]


def link(case):
    suite = Suite(case.integer("cipher_suite"))
    tbs_data = case.hex("credential_tbs")
    tbs = struct_of("PseudonymousCredentialTBS", tbs_data)
    said = (case.utf8("client_pseudonym"), case.utf8("user_pseudonym"), case.hex("pseudonym_signature_public_key"))
    if (tbs["client_pseudonym"]["uri"], tbs["user_pseudonym"]["uri"], tbs["signature_public_key"]) != said:
        raise Refused("the TBS says something else")
    credential = struct_of("PseudonymousCredential", case.hex("pseudonymous_credential"))
    if LANGUAGE.encode("PseudonymousCredentialTBS", credential) != tbs_data:
        raise Refused("the credential and its TBS differ")

    provider = host(tbs["user_pseudonym"]["uri"], "user_pseudonym")
    if host(tbs["client_pseudonym"]["uri"], "client_pseudonym") != provider:
        raise Refused("the pseudonyms are of two providers")

    connection_key = suite.secret(case.hex("connection_key"), "connection_key")
    link_key = suite.expand_with_label(connection_key, b"IdentityLinkKey", tbs_data, suite.Nh)
    if case.hex("identity_link_key") != link_key:
        raise Refused(f"identity_link_key: computed {link_key.hex()}")
    key = suite.expand_with_label(link_key, b"IdentityLinkEncryptionKey", b"", suite.Nk)
    tbe_data = open_sealed(suite, key, tbs_data, credential["identity_link_ciphertext"], case.hex("link_nonce"))
    if tbe_data != case.hex("identity_link_tbe"):
        raise Refused(f"the link opens to {tbe_data.hex()}")
    tbe = struct_of("IdentityLinkTBE", tbe_data)
    signature = tbe["pseudonymous_credential_signature"]
    if signature != case.hex("pseudonymous_credential_signature"):
        raise Refused("another signature")
    if LANGUAGE.encode("Credential", tbe["client_credential"]) != case.hex("client_credential"):
        raise Refused("another client credential")
    identity = tbe["client_credential"].get("identity")
    if identity is not None:
        one_spelling(identity, "client_credential")
        if names.reads_as_mimi(identity) and host(identity, "client_credential") != provider:
            raise Refused("the real client is of another provider")
    public_key, private_key = case.hex("client_signature_public_key"), case.hex("client_signature_private_key")
    suite.verify_with_label(public_key, b"PseudonymousCredentialTBS", tbs_data, signature)
    if suite.public_of(private_key) != public_key:
        raise Refused("the client's keys are no pair")
    if suite.is_deterministic:
        if suite.sign_with_label(private_key, b"PseudonymousCredentialTBS", tbs_data) != signature:
            raise Refused("another signature comes out")

    wrapper_key = suite.secret(case.hex("identity_link_wrapper_key"), "identity_link_wrapper_key")
    key = suite.expand_with_label(wrapper_key, b"IdentityLinkWrapEncryptionKey", b"", suite.Nk)
    wrapped = struct_of("EncryptedIdentityLinkKey", case.hex("encrypted_identity_link_key"))
    unwrapped = open_sealed(suite, key, tbs_data, wrapped["ciphertext"], case.hex("wrap_nonce"))
    if suite.secret(unwrapped, "identity_link_key") != link_key:
        raise Refused("another link key is wrapped")


def valid(case):
    reason = refusal(link, case)
    if reason:
        raise Wrong("pseudonymous_credential", f"refused: {reason}")


def invalid(case):
    if not refusal(link, case):
        raise Wrong("pseudonymous_credential", "accepted")
