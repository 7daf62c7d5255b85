"""The TLS presentation language (RFC 9420 section 2): definitions are read from text and interpreted.

`Language.decode` gives plain Python values (dicts, lists, ints, bytes, None) and refuses what is not the one encoding of a value;
`Language.encode` is its reverse. Nothing here knows MIMI: what a struct asks beyond its layout stands in wire.py.
"""

import re
from pathlib import Path


class Refused(Exception):
    """Bytes that are not the encoding of any value."""


TOKEN = re.compile(r"\s+|#[^\n]*|(0x[0-9A-Fa-f]+|\w+(?:\.\w+)*|<V>|[{}()<>\[\];:,])")
WIDTHS = {"uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8}


class Select:
    def __init__(self, path, arms, default):
        self.path, self.arms, self.default = path, arms, default


class Parser:
    """Reads definitions into a dict from names to ("number", …), ("enum", …), ("struct", …), ("alias", …) and so on."""

    def __init__(self, text):
        self.tokens = []
        position = 0
        while position < len(text):
            match = TOKEN.match(text, position)
            if not match:
                raise ValueError(f"can't read {text[position:position + 40]!r}")
            if match.group(1):
                self.tokens.append(match.group(1))
            position = match.end()
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def next(self, *expected):
        token = self.tokens[self.at]
        if expected and token not in expected:
            raise ValueError(f"expected {expected}, found {token!r} after {self.tokens[max(0, self.at - 8):self.at]}")
        self.at += 1
        return token

    def definitions(self):
        while self.peek() is not None:
            yield self.definition()

    def definition(self):
        first = self.next()
        if first == "enum":
            names, width = self.numbers("{", "}")
            name = self.next()
            self.next(";")
            return name, ("enum", width or 1, names)
        if first == "registry":
            width, name = WIDTHS[self.next()], self.next()
            names, _ = self.numbers("{", "}")
            self.next(";")
            return name, ("registry", width, names)
        if first == "struct":
            self.next("{")
            members = self.members("}")
            self.next("}")
            name = self.next()
            self.next(";")
            return name, ("struct", members)
        self.at -= 1
        kind, name = self.field()
        return name, ("alias", kind)

    def numbers(self, opening, closing):
        """`{ a(0), b(1), (255) }`: the names by number, and the width that the maximum stands for."""
        names, width = {}, None
        self.next(opening)
        while self.peek() != closing:
            if self.peek() == "(":
                self.next("(")
                width = (int(self.next()).bit_length() + 7) // 8
            else:
                name = self.next()
                self.next("(")
                names[int(self.next(), 0)] = name
            self.next(")")
            if self.peek() == ",":
                self.next(",")
        self.next(closing)
        return names, width

    def members(self, *ends):
        members = []
        while self.peek() not in ends:
            if self.peek() == "select":
                members.append(self.select())
            elif self.peek() == "struct":  # `struct{};`: an arm without content
                for token in ("struct", "{", "}", ";"):
                    self.next(token)
            else:
                members.append(self.field())
        return members

    def select(self):
        self.next("select")
        self.next("(")
        path = self.next()
        if self.peek() == "(":  # ours: `select (function(member))`
            self.next("(")
            path = (path, self.next())
            self.next(")")
        self.next(")")
        self.next("{")
        arms, default = {}, None
        while self.peek() != "}":
            labels = []
            while self.peek() in ("case", "default"):
                labels.append(self.next() if self.peek() == "default" else (self.next(), self.next())[1])
                self.next(":")
            members = self.members("case", "default", "}")
            for label in labels:
                if label == "default":
                    default = members
                else:
                    arms[label] = members
        self.next("}")
        self.next(";")
        return Select(path, arms, default)

    def field(self):
        kind = self.next()
        if kind == "optional":
            self.next("<")
            kind = ("optional", self.next())
            self.next(">")
        name = self.next()
        if self.peek() == "<V>":
            self.next("<V>")
            kind = ("vector", kind)
        elif self.peek() == "[":
            self.next("[")
            kind = ("fixed", kind, int(self.next()))
            self.next("]")
        self.next(";")
        return kind, name


class Struct(dict):
    """A decoded struct, which remembers the name of its type."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        if length > len(self.data) - self.at:
            raise Refused(f"{length} bytes wanted at byte {self.at}, {len(self.data) - self.at} left")
        self.at += length
        return self.data[self.at - length:self.at]

    def number(self, width):
        return int.from_bytes(self.take(width), "big")

    def length(self):
        first = self.number(1)
        prefix = first >> 6
        if prefix == 3:
            raise Refused("a length begins with the bits 11")
        value = first & 0x3F
        for byte in self.take((1 << prefix) - 1):
            value = value << 8 | byte
        if prefix and value < 1 << (8 * (1 << (prefix - 1)) - 2):
            raise Refused(f"the length {value} has a shorter form")
        return value

    def done(self):
        if self.at != len(self.data):
            raise Refused(f"{len(self.data) - self.at} bytes too many")


def encode_length(value):
    for prefix, width in enumerate((1, 2, 4)):
        if value < 1 << (8 * width - 2):
            return (value | prefix << (8 * width - 2)).to_bytes(width, "big")
    raise ValueError("too long")


class Language:
    """`checks[name]` is called with a decoded value and its enclosing values; `selectors[name]` computes what a select turns on."""

    def __init__(self, folder, checks, selectors):
        self.types = {}
        for file in sorted(Path(folder).glob("*.txt")):
            for name, definition in Parser(file.read_text()).definitions():
                if name in self.types:
                    raise ValueError(f"{name} is defined twice")
                self.types[name] = definition
        self.checks, self.selectors = checks, selectors
        unknown = {name.removeprefix("list of ") for name in checks} - set(self.types)
        if unknown:
            raise ValueError(f"checks of unknown types: {unknown}")

    def decode(self, name, data, scope=()):
        reader = Reader(data)
        value = self.read(name, reader, scope)
        reader.done()
        return value

    def encode(self, name, value, scope=()):
        out = bytearray()
        self.write(name, value, out, scope)
        return bytes(out)

    def read(self, kind, reader, scope):
        if isinstance(kind, tuple):
            return self.read_composed(kind, reader, scope)
        if kind == "rest":  # ours: what comes with a code that no draft lists, up to the end
            return reader.take(len(reader.data) - reader.at)
        if kind in WIDTHS:
            return reader.number(WIDTHS[kind])
        definition = self.types[kind]
        if definition[0] == "alias":
            value = self.read(definition[1], reader, scope)
        elif definition[0] in ("enum", "registry"):
            value = reader.number(definition[1])
            if definition[0] == "enum" and definition[2].get(value, "reserved") == "reserved":
                raise Refused(f"{kind}: {value}")
        else:
            value = Struct(kind)
            self.read_members(definition[1], reader, value, scope)
        if kind in self.checks:
            self.checks[kind](value, scope)
        return value

    def read_composed(self, kind, reader, scope):
        if kind[0] == "optional":
            present = reader.number(1)
            if present > 1:
                raise Refused(f"a presence byte of {present}")
            return self.read(kind[1], reader, scope) if present else None
        if kind[0] == "fixed":
            return reader.take(kind[2])
        content = reader.take(reader.length())
        if kind[1] == "opaque":
            return content
        inner, items = Reader(content), []
        while inner.at < len(content):
            items.append(self.read(kind[1], inner, scope))
        check = self.checks.get("list of " + kind[1]) if isinstance(kind[1], str) else None
        if check:
            check(items, scope)
        return items

    def read_members(self, members, reader, value, scope):
        for member in members:
            if isinstance(member, Select):
                self.read_members(self.arm(member, value, scope), reader, value, scope)
            else:
                value[member[1]] = self.read(member[0], reader, (value, *scope))

    def arm(self, select, value, scope):
        if isinstance(select.path, tuple):
            label = self.selectors[select.path[0]](value[select.path[1]])
        else:
            label = self.label(select.path.split("."), (value, *scope))
        arm = select.arms.get(label, select.default)
        if arm is None:
            raise Refused(f"no case for {label}")
        return arm

    def label(self, path, scopes):
        """The name of the number at `path`, searched from the innermost value outward. A leading struct name is dropped."""
        if path[0] in self.types:
            path = path[1:]
        for scope in scopes:
            # AuthenticatedContentTBM is the one struct whose content lies a step deeper.
            for start in (scope, scope.get("content_tbs")):
                holder = start
                for segment in path[:-1]:
                    holder = holder.get(segment) if isinstance(holder, Struct) else None
                if isinstance(holder, Struct) and path[-1] in holder:
                    return self.name_of(holder, path[-1])
        raise Refused(f"{'.'.join(path)} is not there")

    def name_of(self, holder, field):
        number = holder[field]
        for member in self.types[holder.kind][1]:
            if not isinstance(member, Select) and member[1] == field:
                return self.types[member[0]][2].get(number, number)
        raise ValueError(f"{holder.kind} has no {field}")

    def write(self, kind, value, out, scope):
        if isinstance(kind, tuple):
            if kind[0] == "optional":
                out.append(value is not None)
                if value is not None:
                    self.write(kind[1], value, out, scope)
            elif kind[0] == "fixed":
                out += value
            else:
                content = bytearray(value) if kind[1] == "opaque" else bytearray()
                if kind[1] != "opaque":
                    for item in value:
                        self.write(kind[1], item, content, scope)
                out += encode_length(len(content)) + content
        elif kind == "rest":
            out += value
        elif kind in WIDTHS:
            out += value.to_bytes(WIDTHS[kind], "big")
        else:
            definition = self.types[kind]
            if definition[0] == "alias":
                self.write(definition[1], value, out, scope)
            elif definition[0] in ("enum", "registry"):
                out += value.to_bytes(definition[1], "big")
            else:
                self.write_members(definition[1], value, out, scope)

    def write_members(self, members, value, out, scope):
        for member in members:
            if isinstance(member, Select):
                self.write_members(self.arm(member, value, scope), value, out, scope)
            else:
                self.write(member[0], value[member[1]], out, (value, *scope))
