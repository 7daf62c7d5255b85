"""The labelled operations of RFC 9420, per cipher suite, over the `cryptography` package. Private keys are as in the MLS vectors."""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from presentation import Reader, Refused, encode_length


class Unjudged(Exception):
    """A cipher suite, format, kind or revision that this verifier does not know."""


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
            raise Unjudged(f"cipher suite {number} is unknown")
        self.number = number
        self.kem, self.curve, self.hash, self.kdf, self.aead, self.hpke_aead, self.Nk = SUITES[number]
        self.Nh, self.Nn = self.hash().digest_size, 12
        self.lattice = self.kem if isinstance(self.kem, LatticeKem) else None
        if self.lattice is None:
            self.hpke = hpke.Suite(self.kem, self.kdf, self.hpke_aead)
        # The curve of HPKE is that of the signatures in the suites of RFC 9420.
        self.ml_dsa = self.curve if isinstance(self.curve, MlDsa) else None

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
        if self.ml_dsa is not None:
            return self.ml_dsa.private.from_seed_bytes(private_key).public_key().public_bytes_raw()
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
            elif self.ml_dsa is not None:
                # Pure ML-DSA with an empty context.
                self.ml_dsa.public.from_public_bytes(public_key).verify(signature, data)
            else:
                key = load_point(self.curve, public_key)
                if signature != strict_der(signature):
                    raise Refused("a signature that is not DER")
                # The hash of the scheme, which need not be the suite's.
                key.verify(signature, data, ec.ECDSA(ECDSA_HASH[self.curve.name]()))
        except (InvalidSignature, ValueError):
            raise Refused("the signature does not verify") from None

    # --- HPKE ---

    def hpke_public_of(self, private_key):
        if self.lattice is not None:
            return self.lattice.public_of(private_key)
        key = self.hpke_private(private_key).public_key()
        return key.public_bytes_raw() if self.curve is None else point(key)

    def hpke_private(self, private_key):
        if self.curve is None:
            return x25519.X25519PrivateKey.from_private_bytes(private_key)
        return ec.derive_private_key(int.from_bytes(private_key, "big"), self.curve)

    def derive_key_pair(self, ikm):
        """KEM.DeriveKeyPair (RFC 9180, 7.1.3; hpke-pq, 3 and 4): the private key."""
        if self.lattice is not None:
            suite_id = b"KEM" + self.lattice.number.to_bytes(2, "big")
            label, length = b"DeriveKeyPair", 64 if self.lattice.curve is None else 32
            parts = (ikm, b"HPKE-v1", suite_id, len(label).to_bytes(2, "big"), label, length.to_bytes(2, "big"))
            return hashlib.shake_256(b"".join(parts)).digest(length)
        number, order, size = DHKEM[None if self.curve is None else self.curve.name]
        suite_id = b"HPKE-v1KEM" + number.to_bytes(2, "big")
        prk = self.extract(b"", suite_id + b"dkp_prk" + ikm)
        if self.curve is None:
            return self.expand(prk, size.to_bytes(2, "big") + suite_id + b"sk", size)
        for counter in range(256):
            info = size.to_bytes(2, "big") + suite_id + b"candidate" + bytes([counter])
            candidate = bytearray(self.expand(prk, info, size))
            candidate[0] &= 0x01 if self.curve.name == "secp521r1" else 0xFF
            if 0 < int.from_bytes(candidate, "big") < order:
                return bytes(candidate)
        raise Refused("no private key")

    def decrypt_with_label(self, private_key, label, context, kem_output, ciphertext):
        info = prefixed(b"MLS 1.0 " + label) + prefixed(context)
        try:
            if self.lattice is not None:
                secret = self.lattice.decapsulate(private_key, kem_output)
                key, nonce = self.key_schedule(secret, info)
                return self.open(key, nonce, b"", ciphertext)
            return self.hpke.decrypt(kem_output + ciphertext, self.hpke_private(private_key), info)
        except (InvalidTag, ValueError):
            raise Refused("the HPKE ciphertext does not open") from None


    def key_schedule(self, secret, info):
        """HPKE's key schedule in base mode (RFC 9180, 5.1): key and base nonce."""
        ids = (self.lattice.number, HPKE_KDF[self.hash], HPKE_AEAD[self.hpke_aead])
        suite_id = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in ids)

        def extract(salt, label, ikm):
            return self.extract(salt, b"HPKE-v1" + suite_id + label + ikm)

        def expand(prk, label, context, length):
            return self.expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label + context, length)

        context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
        secret = extract(secret, b"secret", b"")
        return expand(secret, b"key", context, self.Nk), expand(secret, b"base_nonce", context, self.Nn)


class LatticeKem:
    """ML-KEM, or its hybrid with a curve (draft-irtf-cfrg-hybrid-kems, CG): the private key is a seed."""

    def __init__(self, number, ml_kem, curve=None, label=b"", seed=0):
        self.number, self.ml_kem, self.curve, self.label, self.seed = number, ml_kem, curve, label, seed

    def expand(self, private_key):
        """The key of ML-KEM and the one of the curve."""
        if self.curve is None:
            if len(private_key) != 64:
                raise Refused("an ML-KEM private key of another length")
            return self.ml_kem.from_seed_bytes(private_key), None
        if len(private_key) != 32:
            raise Refused("a hybrid private key of another length")
        seed = hashlib.shake_256(private_key).digest(64 + self.seed)
        if self.curve == "X25519":
            traditional = x25519.X25519PrivateKey.from_private_bytes(seed[64:])
        else:
            size = (self.curve.key_size + 7) // 8
            candidates = [int.from_bytes(seed[at:at + size], "big") for at in range(64, len(seed), size)]
            scalar = next((it for it in candidates if 0 < it < self.curve.group_order), None)
            if scalar is None:
                raise Refused("no scalar in the seed")
            traditional = ec.derive_private_key(scalar, self.curve)
        return self.ml_kem.from_seed_bytes(seed[:64]), traditional

    def traditional_public(self, key):
        return key.public_key().public_bytes_raw() if self.curve == "X25519" else point(key.public_key())

    def public_of(self, private_key):
        ml_kem, traditional = self.expand(private_key)
        public = ml_kem.public_key().public_bytes_raw()
        return public if traditional is None else public + self.traditional_public(traditional)

    def decapsulate(self, private_key, kem_output):
        ml_kem, traditional = self.expand(private_key)
        if traditional is None:
            return ml_kem.decapsulate(kem_output)
        own = self.traditional_public(traditional)
        if len(kem_output) < len(own):
            raise Refused("an encapsulation of another length")
        first, second = kem_output[:-len(own)], kem_output[-len(own):]
        if self.curve == "X25519":
            shared = traditional.exchange(x25519.X25519PublicKey.from_public_bytes(second))
        else:
            shared = traditional.exchange(ec.ECDH(), load_point(self.curve, second))
        return hashlib.sha3_256(ml_kem.decapsulate(first) + shared + second + own + self.label).digest()


class MlDsa:
    """A parameter set: the private key is the seed."""

    def __init__(self, private, public):
        self.private, self.public = private, public


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

# Number of the KEM, order of the curve, bytes of a private key. The hash of the KEM is the suite's in all of these.
DHKEM = {
    None: (0x0020, 0, 32),
    "secp256r1": (0x0010, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551, 32),
    "secp384r1": (0x0011, int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16), 48),
    "secp521r1": (0x0012, int("01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409", 16), 66),
}

ECDSA_HASH = {"secp256r1": hashes.SHA256, "secp384r1": hashes.SHA384, "secp521r1": hashes.SHA512}
HPKE_KDF = {hashes.SHA256: 1, hashes.SHA384: 2, hashes.SHA512: 3}
HPKE_AEAD = {hpke.AEAD.AES_128_GCM: 1, hpke.AEAD.AES_256_GCM: 2, hpke.AEAD.CHACHA20_POLY1305: 3}


def post_quantum_suites():
    """mls-pq-ciphersuites-06, table 2, under the provisional numbers."""
    k768, k1024 = mlkem.MLKEM768PrivateKey, mlkem.MLKEM1024PrivateKey
    p256, p384 = ec.SECP256R1(), ec.SECP384R1()
    x_wing = LatticeKem(0x647A, k768, "X25519", b"\\.//^\\", 32)
    with_p256 = LatticeKem(0x0050, k768, p256, b"MLKEM768-P256", 128)
    with_p384 = LatticeKem(0x0051, k1024, p384, b"MLKEM1024-P384", 48)
    pure, large = LatticeKem(0x0041, k768), LatticeKem(0x0042, k1024)
    sha256 = (hashes.SHA256, hpke.KDF.HKDF_SHA256, AESGCM, hpke.AEAD.AES_128_GCM, 16)
    sha384 = (hashes.SHA384, hpke.KDF.HKDF_SHA384, AESGCM, hpke.AEAD.AES_256_GCM, 32)
    chacha = (hashes.SHA384, hpke.KDF.HKDF_SHA384, ChaCha20Poly1305, hpke.AEAD.CHACHA20_POLY1305, 32)
    return {
        0x004F: (x_wing, None, *sha256),
        0x004E: (x_wing, None, *sha384),
        0xF0A3: (with_p256, p256, *sha256),
        0xF0A4: (with_p256, p256, *sha384),
        0xF0A5: (with_p384, p384, *sha384),
        0xF042: (pure, None, *sha384),
        0x0050: (pure, p256, *sha384),
        0x0042: (large, p384, *sha384),
        0x0052: (x_wing, MlDsa(mldsa.MLDSA44PrivateKey, mldsa.MLDSA44PublicKey), *chacha),
        0x0051: (pure, MlDsa(mldsa.MLDSA65PrivateKey, mldsa.MLDSA65PublicKey), *sha384),
        0x0907: (large, MlDsa(mldsa.MLDSA87PrivateKey, mldsa.MLDSA87PublicKey), *sha384),
    }


SUITES |= post_quantum_suites()
