"""Kind `virtual-client`: what emulator clients derive from an epoch (mls-virtual-clients, June 2026, section 6), and FF1 (NIST SP 800-38G)."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from case import Wrong, hex_of, refusal
from presentation import Refused
from suites import Suite, prefixed
from wire import LANGUAGE

MOST_SKIPPED = 1024


def cbc_mac(key, data):
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    return encryptor.update(data)[-16:]


def ff1(key, radix, tweak, numerals, decrypt=False):
    """FF1 (algorithms 7 and 8) over a list of numerals, the most significant first."""
    n, t = len(numerals), len(tweak)
    u, v = n // 2, n - n // 2

    def num(digits):
        number = 0
        for digit in digits:
            number = number * radix + digit
        return number

    def string(number, length):
        digits = []
        for _ in range(length):
            digits.append(number % radix)
            number //= radix
        return digits[::-1]

    a, b = numerals[:u], numerals[u:]
    width = ((radix**v - 1).bit_length() + 7) // 8
    d = 4 * ((width + 3) // 4) + 4
    p = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([10, u % 256]) + n.to_bytes(4, "big") + t.to_bytes(4, "big")
    for i in reversed(range(10)) if decrypt else range(10):
        other = a if decrypt else b
        q = tweak + bytes((-t - width - 1) % 16) + bytes([i]) + num(other).to_bytes(width, "big")
        r = cbc_mac(key, p + q)
        assert d <= 16
        y, m = int.from_bytes(r[:d], "big"), u if i % 2 == 0 else v
        if decrypt:
            c = string((num(b) - y) % radix**m, m)
            a, b = c, a
        else:
            c = string((num(a) + y) % radix**m, m)
            a, b = b, c
    return a + b


def bits(number):
    return [int(bit) for bit in f"{number:032b}"]


def prp(key, number, decrypt=False):
    return int("".join(map(str, ff1(key, 2, b"", bits(number), decrypt))), 2)


def check_ff1():
    """NIST's samples 1 to 3 for FF1, those with AES-128."""
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    for radix, tweak, plain, sealed in (
        (10, "", "0123456789", "2433477484"),
        (10, "39383736353433323130", "0123456789", "6124200773"),
        (36, "3737373770717273373737", "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    ):
        plain, sealed = ([int(digit, 36) for digit in text] for text in (plain, sealed))
        assert ff1(key, radix, bytes.fromhex(tweak), plain) == sealed
        assert ff1(key, radix, bytes.fromhex(tweak), sealed, True) == plain


check_ff1()


class Epoch:
    def __init__(self, suite, exported, leaf_count):
        if leaf_count < 1 or leaf_count & (leaf_count - 1):
            raise Refused("the number of leaves is no power of two")
        self.suite, self.leaf_count = suite, leaf_count
        derive = lambda label: suite.derive_secret(suite.secret(exported, "emulator_epoch_secret"), label)
        self.epoch_id, self.base = derive(b"Epoch ID"), derive(b"Base Secret")
        self.encryption_key, self.id_secret = derive(b"Encryption Key"), derive(b"Generation ID Secret")
        self.guard_secret = derive(b"Reuse Guard")
        self.ratchets = {}

    def operation(self, kind, leaf, generation, context):
        """Each secret once; steps are bounded."""
        suite = self.suite
        if kind not in (1, 2, 3) or leaf >= self.leaf_count:
            raise Refused("no such leaf or type")
        if (leaf, kind) not in self.ratchets:
            secret = self.base
            for level in reversed(range(self.leaf_count.bit_length() - 1)):
                side = b"right" if leaf >> level & 1 else b"left"
                secret = suite.expand_with_label(secret, b"tree", side, suite.Nh)
            secret = suite.expand_with_label(secret, b"vc operation init", bytes([kind]), suite.Nh)
            self.ratchets[leaf, kind] = [0, secret, {}]
        ratchet = self.ratchets[leaf, kind]
        if generation >= ratchet[0] + MOST_SKIPPED + 1:
            raise Refused("too far ahead")
        while ratchet[0] <= generation:
            ratchet[2][ratchet[0]] = suite.derive_secret(ratchet[1], b"VC Operation Secret")
            ratchet[0], ratchet[1] = ratchet[0] + 1, suite.derive_secret(ratchet[1], b"VC Operation Ratchet")
        if generation not in ratchet[2]:
            raise Refused("given out before")
        bound = {
            "epoch_id": self.epoch_id, "leaf_index": leaf, "generation": generation,
            "operation_type": kind, "operation_context": context,
        }
        bound = LANGUAGE.encode("OperationContext", bound)
        return suite.expand_with_label(ratchet[2].pop(generation), b"vc operation", bound, suite.Nh)


def same(what, computed, found):
    if computed != found:
        raise Refused(f"{what}: computed {computed.hex() if isinstance(computed, bytes) else computed}")


def judge(case):
    suite = Suite(case.integer("cipher_suite"))
    for entry in case.get("small_space_prp"):
        key = hex_of(entry["key"], "small_space_prp")
        same("small_space_prp.output", prp(key, entry["input"]), entry["output"])
        same("small_space_prp.input", prp(key, entry["output"], True), entry["input"])
    epoch = Epoch(suite, case.hex("emulator_epoch_secret"), case.integer("leaf_count"))
    for field, computed in (
        ("epoch_id", epoch.epoch_id), ("epoch_base_secret", epoch.base), ("epoch_encryption_key", epoch.encryption_key),
        ("generation_id_secret", epoch.id_secret), ("reuse_guard_secret", epoch.guard_secret),
    ):
        same(field, computed, case.hex(field))
    for entry in case.get("operations"):
        context = hex_of(entry["operation_context"], "operation_context")
        secret = epoch.operation(entry["operation_type"], entry["leaf_index"], entry["generation"], context)
        same("operation_secret", secret, hex_of(entry["operation_secret"], "operation_secret"))
        for field, label in (
            ("signature_key_secret", b"Signature Key"), ("encryption_key_secret", b"Encryption Key"),
            ("init_key_secret", b"Init Key"), ("path_generation_secret", b"Path Generation"),
        ):
            same(field, suite.derive_secret(secret, label), hex_of(entry[field], field))
    for entry in case.get("derivation_infos"):
        key = prefixed(hex_of(entry["encryption_key"], "encryption_key"))
        info = LANGUAGE.decode("DerivationInfo", hex_of(entry["derivation_info"], "derivation_info"))
        same("epoch_id", epoch.epoch_id, info["epoch_id"])
        aead_key = suite.expand_with_label(epoch.encryption_key, b"key", key, suite.Nk)
        nonce = suite.expand_with_label(epoch.encryption_key, b"nonce", key, suite.Nn)
        opened = suite.open(aead_key, nonce, epoch.epoch_id, info["ciphertext"])
        expected = entry["leaf_index"].to_bytes(4, "big") + entry["generation"].to_bytes(4, "big")
        same("derivation_info", opened, expected)
    for entry in case.get("generation_ids"):
        context = hex_of(entry["private_message_context"], "private_message_context")
        LANGUAGE.decode("PrivateMessageContext", context)
        computed = suite.expand_with_label(epoch.id_secret, b"generation id", context, suite.Nh)
        same("generation_id", computed, hex_of(entry["generation_id"], "generation_id"))
    for entry in case.get("reuse_guards"):
        nonce, leaf, x = hex_of(entry["key_schedule_nonce"], "nonce"), entry["leaf_index"], entry["x"]
        if len(nonce) != suite.Nn or leaf >= epoch.leaf_count:
            raise Refused("a nonce of another length, or no such leaf")
        key = suite.expand_with_label(epoch.guard_secret, b"reuse guard", nonce, 16)
        same("reuse_guard", prp(key, x).to_bytes(4, "big"), hex_of(entry["reuse_guard"], "reuse_guard"))
        same("leaf_index", x % epoch.leaf_count, leaf)


def valid(case):
    reason = refusal(judge, case)
    if reason:
        raise Wrong("emulator_epoch_secret", f"refused: {reason}")


def invalid(case):
    if not refusal(judge, case):
        raise Wrong("emulator_epoch_secret", "accepted")
