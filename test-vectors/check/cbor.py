"""Deterministic CBOR (RFC 8949 section 4.2.1) as mimi-content section 6 narrows it: what is not the one encoding is refused.

cbor2 reads anything well-formed, so the strictness is here; cbor2 then reads the same bytes, and both have to agree.
"""

import math
import struct

import cbor2

from presentation import Refused

LARGEST_KEY = 2**53 - 1
DEEPEST = 4


class Tag:
    def __init__(self, number, value):
        self.number, self.value = number, value


class Simple:
    def __init__(self, number):
        self.number = number


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        if length > len(self.data) - self.at:
            raise Refused(f"the item ends behind the input, at byte {self.at}")
        self.at += length
        return self.data[self.at - length:self.at]

    def head(self):
        """(major type, argument, the low five bits), in the shortest form."""
        first = self.take(1)[0]
        major, low = first >> 5, first & 31
        if low < 24:
            return major, low, low
        if low > 27:
            raise Refused("an indefinite length, or a reserved head")
        width = 1 << (low - 24)
        argument = int.from_bytes(self.take(width), "big")
        if major != 7 and argument < (24 if width == 1 else 1 << (4 * width)):
            raise Refused("a head in a longer form")
        return major, argument, low

    def expect(self, wanted):
        major, argument, low = self.head()
        if major != wanted:
            raise Refused(f"major type {major} instead of {wanted}")
        return argument

    def unsigned(self, limit):
        value = self.expect(0)
        if value > limit:
            raise Refused(f"{value} is over {limit}")
        return value

    def bytes(self):
        return self.take(self.expect(2))

    def text(self):
        return decode_text(self.take(self.expect(3)))

    def array(self, length=None):
        count = self.expect(4)
        if length is not None and count != length:
            raise Refused(f"{count} items instead of {length}")
        return count

    def boolean(self):
        byte = self.take(1)[0]
        if byte not in (0xF4, 0xF5):
            raise Refused("no bool")
        return byte == 0xF5

    def is_null(self):
        if self.at < len(self.data) and self.data[self.at] == 0xF6:
            self.at += 1
            return True
        return False

    def item(self, level):
        """Any value; `level` is how deep a tag, map or array would be here."""
        major, argument, low = self.head()
        if major in (4, 5, 6) and level > DEEPEST:
            raise Refused("the fifth level")
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return decode_text(self.take(argument))
        if major == 4:
            return [self.item(level + 1) for _ in range(self.bounded(argument))]
        if major == 5:
            return self.map(argument, level)
        if major == 6:
            value = self.item(level + 1)
            if argument in (2, 3):
                if not isinstance(value, bytes) or len(value) <= 8 or value[0] == 0:
                    raise Refused("a bignum that is not canonical")
            return Tag(argument, value)
        return self.simple_or_float(argument, low)

    def bounded(self, count):
        if count > len(self.data) - self.at:
            raise Refused("more items than bytes")
        return count

    def map(self, count, level):
        entries, before = [], None
        for _ in range(self.bounded(count)):
            start = self.at
            key = self.item(DEEPEST + 1)
            if isinstance(key, bool) or not isinstance(key, (int, str, bytes)):
                raise Refused("a key that is no integer, text or byte string")
            if isinstance(key, int) and abs(key) > LARGEST_KEY:
                raise Refused("a key beyond 2^53-1")
            encoded = self.data[start:self.at]
            if before is not None and encoded <= before:
                raise Refused("keys don't ascend")
            before = encoded
            entries.append((key, self.item(level + 1)))
        return entries

    def simple_or_float(self, argument, low):
        if low < 24:
            return {20: False, 21: True, 22: None}.get(low, Simple(low))
        if low == 24:
            if argument < 32:
                raise Refused("a simple value in a longer form")
            return Simple(argument)
        width = {25: 2, 26: 4, 27: 8}[low]
        value = struct.unpack({2: ">e", 4: ">f", 8: ">d"}[width], argument.to_bytes(width, "big"))[0]
        if math.isnan(value):
            if (width, argument) != (2, 0x7E00):
                raise Refused("another NaN than f97e00")
        elif width > 2 and fits(value, width // 2):
            raise Refused("a float in a longer form")
        return value

    def done(self):
        if self.at != len(self.data):
            raise Refused("bytes behind the document")
        try:
            cbor2.loads(self.data)
        except cbor2.CBORDecodeError as error:
            # A tag that cbor2 gives a meaning may hold what has none; the format looks at no tag but 2 and 3.
            if "tag" not in str(error) and "decoding" not in str(error):
                raise AssertionError(f"cbor2 can't read what passed: {error}") from error


def fits(value, width):
    try:
        return struct.unpack({2: ">e", 4: ">f"}[width], struct.pack({2: ">e", 4: ">f"}[width], value))[0] == value
    except OverflowError:
        return False


def decode_text(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("text that is no UTF-8") from None
