"""Kind `attachment`: what lies at the URL of an external part (mimi-content-09 sections 4.5 and 7.1)."""

import hashlib

from case import Wrong, refusal
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from presentation import Refused

AEADS = {1: (AESGCM, 16), 2: (AESGCM, 32), 29: (ChaCha20Poly1305, 32)}
HASHES = {1: hashlib.sha256, 7: hashlib.sha384, 8: hashlib.sha512}
TAG = 16


def opened(case):
    key, nonce, aad, stored = (case.hex(field) for field in ("key", "nonce", "aad", "stored"))
    enc_alg, hash_alg, digest = case.integer("enc_alg"), case.integer("hash_alg"), case.hex("content_hash")
    expires, size, now = case.integer("expires"), case.integer("size"), case.integer("now")
    if expires and now >= expires * 1000:
        raise Refused("expired")
    if enc_alg == 0:
        if key or nonce or aad:
            raise Refused("a key, nonce or aad without encryption")
    elif enc_alg not in AEADS:
        raise Refused(f"AEAD {enc_alg} is unknown")
    elif len(key) != AEADS[enc_alg][1] or len(nonce) != 12:
        raise Refused("a key or nonce of another length")
    lengths = {len(stored)} | ({len(stored) - TAG} if enc_alg else set())
    if size and size not in lengths:
        raise Refused("another size")
    if hash_alg == 0 and not digest:
        if not enc_alg:
            raise Refused("nothing says what the content is")
    elif hash_alg not in HASHES:
        raise Refused(f"hash {hash_alg} is unknown")
    elif HASHES[hash_alg](stored).digest() != digest:
        raise Refused("another hash")
    if not enc_alg:
        return stored
    if len(stored) < TAG:
        raise Refused("shorter than a tag")
    try:
        return AEADS[enc_alg][0](key).decrypt(nonce, stored, aad)
    except InvalidTag:
        raise Refused("the tag does not verify") from None


def judge(case):
    if opened(case) != case.hex("content"):
        raise Refused("other content")


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("stored", reason)


def invalid(case):
    if refusal(judge, case) is None:
        raise Wrong("stored", "accepted")
