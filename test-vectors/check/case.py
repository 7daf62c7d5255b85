"""One case of a vector file, and what is wrong with it."""

from presentation import Refused

SAFE_INTEGER = 2**53 - 1


class Wrong(Exception):
    """A field that is missing, malformed, or not what comes out when it is computed again."""

    def __init__(self, field, reason):
        super().__init__(f"{field}: {reason}")


def hex_of(value, field):
    if not isinstance(value, str) or value != value.lower():
        raise Wrong(field, "not lower-case hex")
    try:
        data = bytes.fromhex(value)
    except ValueError:
        raise Wrong(field, "not hex") from None
    if data.hex() != value:
        raise Wrong(field, "not hex without spaces")
    return data


def integer_of(value, field):
    """A JSON number up to 2^53-1, a decimal string beyond."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= SAFE_INTEGER:
        return value
    if isinstance(value, str):
        try:
            number = int(value)
        except ValueError:
            raise Wrong(field, "not a number") from None
        if abs(number) > SAFE_INTEGER and str(number) == value:
            return number
    raise Wrong(field, "not a number up to 2^53-1 or a decimal string beyond")


class Case:
    def __init__(self, data):
        self.data = data

    @property
    def is_valid(self):
        valid = self.data.get("valid", True)
        if not isinstance(valid, bool):
            raise Wrong("valid", "not true or false")
        return valid

    def has(self, field):
        return self.data.get(field) is not None

    def get(self, field):
        if self.data.get(field) is None:
            raise Wrong(field, "missing")
        return self.data[field]

    def hex(self, field):
        return hex_of(self.get(field), field)

    def optional_hex(self, field):
        return self.hex(field) if self.has(field) else None

    def integer(self, field):
        return integer_of(self.get(field), field)

    def text(self, field):
        value = self.get(field)
        if not isinstance(value, str):
            raise Wrong(field, "not text")
        return value

    def utf8(self, field):
        return self.text(field).encode()

    def equal(self, field, computed):
        """The field says what was computed."""
        if isinstance(computed, (bytes, bytearray)):
            if self.hex(field) != bytes(computed):
                raise Wrong(field, f"computed {bytes(computed).hex()}")
        elif self.get(field) != computed:
            raise Wrong(field, f"computed {computed!r}")


def refusal(function, *arguments):
    """Why `function` refuses, or None if it accepts."""
    try:
        function(*arguments)
    except Refused as refused:
        return str(refused) or "refused"
    return None
