"""The labelled operations of RFC 9420, per cipher suite, over the `cryptography` package. Private keys are as in the MLS vectors."""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from presentation import Reader, Refused, encode_length


def prefixed(data):
    return encode_length(len(data)) + data


def read_prefixed(data):
    """The byte strings one behind the other that `data` is."""
    reader, found = Reader(data), []
    while reader.at < len(data):
        found.append(reader.take(reader.length()))
    return found


class Suite:
    def __init__(self, number):
        if number not in SUITES:
            raise Refused(f"cipher suite {number} is unknown")
        self.number = number
        self.kem, self.curve, self.hash, self.kdf, self.aead, self.hpke_aead, self.Nk = SUITES[number]
        self.Nh, self.Nn = self.hash().digest_size, 12
        self.hpke = hpke.Suite(self.kem, self.kdf, self.hpke_aead)

    # --- hashes and derivations ---

    def digest(self, data):
        return hashlib.new(self.hash.name, data).digest()

    def mac(self, key, data):
        return hmac.new(key, data, self.hash.name).digest()

    def extract(self, salt, secret):
        return self.mac(salt, secret)

    def expand(self, secret, info, length):
        return HKDFExpand(self.hash(), length, info).derive(secret)

    def expand_with_label(self, secret, label, context, length):
        """KDF.Expand(Secret, KDFLabel, Length), the label with "MLS 1.0 " in front."""
        info = length.to_bytes(2, "big") + prefixed(b"MLS 1.0 " + label) + prefixed(context)
        return self.expand(secret, info, length)

    def derive_secret(self, secret, label):
        return self.expand_with_label(secret, label, b"", self.Nh)

    def ref_hash(self, label, value):
        return self.digest(prefixed(label) + prefixed(value))

    def secret(self, data, what):
        """HMAC pads its key, so a trailing zero would go unnoticed: every secret's length is checked."""
        if len(data) != self.Nh:
            raise Refused(f"{what} has {len(data)} octets instead of {self.Nh}")
        return data

    # --- AEAD ---

    def seal(self, key, nonce, aad, plaintext):
        return self.aead(key).encrypt(nonce, plaintext, aad)

    def open(self, key, nonce, aad, ciphertext):
        if len(nonce) != self.Nn:
            raise Refused("a nonce of another length")
        try:
            return self.aead(key).decrypt(nonce, ciphertext, aad)
        except InvalidTag:
            raise Refused("the ciphertext does not open") from None

    # --- signatures ---

    def sign_content(self, label, content):
        return prefixed(b"MLS 1.0 " + label) + prefixed(content)

    @property
    def is_deterministic(self):
        return self.curve is None

    def public_of(self, private_key):
        """The signature public key that belongs to a private key."""
        if self.curve is None:
            return ed25519.Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
        return point(ec.derive_private_key(int.from_bytes(private_key, "big"), self.curve).public_key())

    def sign_with_label(self, private_key, label, content):
        """For Ed25519 only: an ECDSA signature differs from run to run."""
        key = ed25519.Ed25519PrivateKey.from_private_bytes(private_key)
        return key.sign(self.sign_content(label, content))

    def verify_with_label(self, public_key, label, content, signature):
        data = self.sign_content(label, content)
        try:
            if self.curve is None:
                if public_key in SMALL_ORDER or signature[:32] in SMALL_ORDER:
                    raise Refused("a point of small order")
                ed25519.Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
            else:
                key = load_point(self.curve, public_key)
                if signature != strict_der(signature):
                    raise Refused("a signature that is not DER")
                key.verify(signature, data, ec.ECDSA(self.hash()))
        except (InvalidSignature, ValueError):
            raise Refused("the signature does not verify") from None

    # --- HPKE ---

    def hpke_public_of(self, private_key):
        key = self.hpke_private(private_key).public_key()
        return key.public_bytes_raw() if self.curve is None else point(key)

    def hpke_private(self, private_key):
        if self.curve is None:
            return x25519.X25519PrivateKey.from_private_bytes(private_key)
        return ec.derive_private_key(int.from_bytes(private_key, "big"), self.curve)

    def decrypt_with_label(self, private_key, label, context, kem_output, ciphertext):
        info = prefixed(b"MLS 1.0 " + label) + prefixed(context)
        try:
            return self.hpke.decrypt(kem_output + ciphertext, self.hpke_private(private_key), info)
        except (InvalidTag, ValueError):
            raise Refused("the HPKE ciphertext does not open") from None


def point(key):
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def load_point(curve, data):
    if not data or data[0] != 4:
        raise Refused("not an uncompressed point")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, data)


def strict_der(signature):
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    return encode_dss_signature(*decode_dss_signature(signature))


def component_label(component_id, label):
    """ComponentOperationLabel, which the Safe variants use as their label."""
    return prefixed(b"MLS Component") + component_id.to_bytes(2, "big") + prefixed(label)


# The encodings of the eight points of small order, with those that are not canonical.
SMALL_ORDER = {
    bytes.fromhex(text)
    for text in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
}

SUITES = {  # number: KEM, signature curve (None: Ed25519), hash, KDF, AEAD, HPKE's AEAD, Nk
    1: (hpke.KEM.X25519, None, hashes.SHA256, hpke.KDF.HKDF_SHA256, AESGCM, hpke.AEAD.AES_128_GCM, 16),
    2: (hpke.KEM.P256, ec.SECP256R1(), hashes.SHA256, hpke.KDF.HKDF_SHA256, AESGCM, hpke.AEAD.AES_128_GCM, 16),
    3: (hpke.KEM.X25519, None, hashes.SHA256, hpke.KDF.HKDF_SHA256, ChaCha20Poly1305, hpke.AEAD.CHACHA20_POLY1305, 32),
    5: (hpke.KEM.P521, ec.SECP521R1(), hashes.SHA512, hpke.KDF.HKDF_SHA512, AESGCM, hpke.AEAD.AES_256_GCM, 32),
    7: (hpke.KEM.P384, ec.SECP384R1(), hashes.SHA384, hpke.KDF.HKDF_SHA384, AESGCM, hpke.AEAD.AES_256_GCM, 32),
}
