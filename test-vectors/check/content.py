"""Kind `content`: messages of mimi-content-09, and the structures that come with them."""

import hashlib
from fractions import Fraction

import cbor2

from case import Wrong, hex_of, integer_of, refusal
from cbor import DEEPEST, LARGEST_KEY, Reader, Tag
from presentation import Refused

MOST_PARTS, LONGEST_TOPIC_ID = 1024, 4096
EXTERNAL = [  # (member, how it is read, how the JSON has it)
    ("content_type", "text", str), ("url", "text", str), ("expires", 2**32 - 1, int), ("size", 2**64 - 1, int),
    ("enc_alg", 2**16 - 1, int), ("key", "bytes", bytes), ("nonce", "bytes", bytes), ("aad", "bytes", bytes),
    ("hash_alg", 2**8 - 1, int), ("content_hash", "bytes", bytes), ("description", "text", str), ("filename", "text", str),
]


def message_id_or_null(reader):
    if reader.is_null():
        return None
    data = reader.bytes()
    if len(data) != 32:
        raise Refused("a message ID has 32 octets")
    return data


def decode_message(data):
    reader = Reader(data)
    reader.array(7)
    message = {"salt": reader.bytes(), "replaces": message_id_or_null(reader), "topic_id": reader.bytes()}
    if len(message["salt"]) != 16:
        raise Refused("a salt has 16 octets")
    if len(message["topic_id"]) > LONGEST_TOPIC_ID:
        raise Refused("the topic ID is too long")
    message["expires"] = None
    if not reader.is_null():
        reader.array(2)
        message["expires"] = {"relative": reader.boolean(), "time": reader.unsigned(2**32 - 1)}
    message["in_reply_to"] = message_id_or_null(reader)
    message["extensions"] = extensions(reader)
    message["body"] = part(reader, 1, [0])
    reader.done()
    return message


def extensions(reader):
    """[(key, the value's encoding)], and what is asked of the keys in this map only."""
    found, before = [], None
    for _ in range(reader.bounded(reader.expect(5))):
        start = reader.at
        key = reader.item(DEEPEST + 1)
        if isinstance(key, bool) or not isinstance(key, (int, str)):
            raise Refused("an extension key that is no integer or text")
        if isinstance(key, str) and not 1 <= len(key.encode()) <= 255:
            raise Refused("an extension key of another length")
        if isinstance(key, int) and abs(key) > LARGEST_KEY:
            raise Refused("a key beyond 2^53-1")
        encoded = reader.data[start:reader.at]
        if before is not None and encoded <= before:
            raise Refused("keys don't ascend")
        before = encoded
        start = reader.at
        value = reader.item(2)
        if key in (1, 2) and not isinstance(value, str):
            raise Refused("sender and room are text")
        found.append((key, reader.data[start:reader.at]))
    return found


def part(reader, level, count):
    count[0] += 1
    if level > DEEPEST or count[0] > MOST_PARTS:
        raise Refused("too many parts, or too deep")
    length = reader.array()
    found = {"disposition": reader.unsigned(255), "language": reader.text()}
    cardinality = reader.unsigned(3)
    if length != {0: 3, 1: 5, 2: 15, 3: 5}[cardinality]:
        raise Refused(f"{length} items in a part of cardinality {cardinality}")
    found["part"] = ("null", "single", "external", "multi")[cardinality]
    if cardinality == 1:
        found["content_type"], found["content"] = reader.text(), reader.bytes()
    elif cardinality == 2:
        for member, how, _ in EXTERNAL:
            found[member] = reader.unsigned(how) if isinstance(how, int) else getattr(reader, how)()
    elif cardinality == 3:
        found["semantics"] = reader.unsigned(2)
        parts = reader.bounded(reader.array())
        if parts < 2:
            raise Refused("a multipart has two parts or more")
        found["parts"] = [part(reader, level + 1, count) for _ in range(parts)]
    return found


def decode_derived_values(data):
    reader = Reader(data)
    reader.array(7)
    if len(reader.bytes()) != 32:
        raise Refused("a message ID has 32 octets")
    timestamp = reader.item(1)
    if isinstance(timestamp, Tag):
        if timestamp.number != 1001 or not isinstance(timestamp.value, list):
            raise Refused("no extended time")
        for key, _ in timestamp.value:
            if isinstance(key, bytes) or isinstance(key, str) and not 1 <= len(key.encode()) <= 255:
                raise Refused("a key that no extended time has")
    elif isinstance(timestamp, bool) or not isinstance(timestamp, int) or timestamp < 0:
        raise Refused("no timestamp")
    reader.bytes()
    reader.unsigned(2**32 - 1)
    for _ in range(3):
        reader.text()
    reader.done()


def decode_status_report(data):
    reader = Reader(data)
    statuses = []
    for _ in range(reader.bounded(reader.array())):
        reader.array(2)
        message_id = reader.bytes()
        if len(message_id) != 32:
            raise Refused("a message ID has 32 octets")
        statuses.append((message_id, reader.unsigned(255)))
    reader.done()
    return statuses


def with_length(data):
    if len(data) > 65535:
        raise Refused("a URI of more than 65535 octets has no message ID")
    return len(data).to_bytes(2, "big") + data


def message_id(sender_uri, room_uri, encoded, salt):
    covered = with_length(sender_uri) + with_length(room_uri) + encoded + salt
    return b"\x01" + hashlib.sha256(covered).digest()[:31]


def message_id_07(sender_uri, room_uri, encoded, salt):
    return b"\x01" + hashlib.sha256(sender_uri + room_uri + encoded + salt).digest()[:31]


def encode_message(value):
    """The bytes of a vector's `value`, by cbor2, which writes the shortest heads."""
    optional = lambda field: None if value.get(field) is None else hex_of(value[field], field)  # noqa: E731
    head = cbor2.dumps
    out = b"\x87" + head(hex_of(value["salt"], "salt")) + head(optional("replaces"))
    out += head(hex_of(value["topic_id"], "topic_id"))
    expires = value.get("expires")
    out += head(None if expires is None else [expires["relative"], integer_of(expires["time"], "time")])
    out += head(optional("in_reply_to"))
    entries = []
    for key, encoded in value["extensions"]:
        key = key["text"] if isinstance(key, dict) else integer_of(key, "key")
        entries.append(head(key) + hex_of(encoded, "extensions"))
    out += map_head(len(entries)) + b"".join(entries)
    return out + encode_part(value["body"])


def map_head(count):
    """The head of a map: that of an array with another major type."""
    array = cbor2.dumps([None] * count)[: -count or None]
    return bytes([array[0] + 0x20]) + array[1:]


def encode_part(value):
    kind = ("null", "single", "external", "multi").index(value["part"])
    items = [cbor2.dumps(integer_of(value["disposition"], "disposition")), cbor2.dumps(value["language"]), cbor2.dumps(kind)]
    if kind == 1:
        items += [cbor2.dumps(value["content_type"]), cbor2.dumps(hex_of(value["content"], "content"))]
    elif kind == 2:
        for member, _, form in EXTERNAL:
            read = {str: lambda v, _: v, int: integer_of, bytes: hex_of}[form]
            items.append(cbor2.dumps(read(value[member], member)))
    elif kind == 3:
        parts = [encode_part(p) for p in value["parts"]]
        array = map_head(len(parts))
        items += [cbor2.dumps(value["semantics"]), bytes([array[0] - 0x20]) + array[1:] + b"".join(parts)]
    return bytes([0x80 + len(items)]) + b"".join(items)


def plain(value):
    """A decoded message in the form of a vector's `value`."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool) or not isinstance(value, (int, list, dict)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_KEY else str(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()}


def valid(case):
    encoded = case.hex("encoded")
    try:
        message = decode_message(encoded)
    except Refused as refused:
        raise Wrong("encoded", f"refused: {refused}") from None
    sender, room = case.utf8("sender_uri"), case.utf8("room_uri")
    case.equal("message_id", message_id(sender, room, encoded, message["salt"]))
    if case.has("message_id_07"):
        case.equal("message_id_07", message_id_07(sender, room, encoded, message["salt"]))
    of_parts = dict(message["extensions"]).get("av_metadata")
    if (of_parts is not None) != case.has("av_metadata"):
        raise Wrong("av_metadata", "is there with the extension of this name")
    if of_parts is not None:
        case.equal("av_metadata", av_metadata_or_malformed(of_parts))
    message["extensions"] = [
        [{"text": key} if isinstance(key, str) else plain(key), value.hex()] for key, value in message["extensions"]
    ]
    if without_nulls(plain(message)) != without_nulls(case.get("value")):
        raise Wrong("value", f"decoded {plain(message)}")
    if encode_message(case.get("value")) != encoded:
        raise Wrong("value", "encodes to other bytes")


def av_metadata(encoded):
    """The entries of mimi-av-metadata-01, section 3."""
    number = lambda value, most: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most  # noqa: E731
    entries = cbor2.loads(encoded)
    if not isinstance(entries, (list, tuple)):
        raise Refused("no array")
    found = []
    for entry in entries:
        if not hasattr(entry, "items"):
            raise Refused("no map")
        value = {}
        for key, name, most in ((1, "part_index", 2**16 - 1), (2, "type", 2**64 - 1), (3, "width", 2**64 - 1),
                                (4, "height", 2**64 - 1), (6, "preview_index", 2**16 - 1), (8, "rotation", 270)):
            if key in entry:
                if not number(entry[key], most) or key == 8 and entry[key] not in (0, 90, 180, 270):
                    raise Refused(name)
                value[name] = entry[key]
        if not {"part_index", "type"} <= value.keys():
            raise Refused("a part index and a type are required")
        if 5 in entry:
            if isinstance(entry[5], float):
                if not 0 < entry[5] < 2**64:
                    raise Refused("duration")
            elif not number(entry[5], 2**64 - 1):
                raise Refused("duration")
            seconds, nanoseconds = divmod(round(Fraction(entry[5]) * 10**9), 10**9)
            value["duration"] = {"seconds": seconds, "nanoseconds": nanoseconds}
        if 7 in entry:
            if not isinstance(entry[7], str):
                raise Refused("accessibility text")
            value["accessibility_text"] = entry[7]
        found.append(value)
    return found


def av_metadata_or_malformed(encoded):
    try:
        return av_metadata(encoded)
    except Refused:
        return "malformed"


def without_nulls(value):
    """An absent optional value is null or left out."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def invalid(case):
    if not refusal(decode_message, case.hex("encoded")):
        raise Wrong("encoded", "accepted")
