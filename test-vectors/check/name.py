"""Kind `name`: text that is a name, and its rules, by the grammars of RFC 1035, 3986, 5646, 6570, 9110 and 9525 as regular expressions."""

import re
from urllib.parse import quote

from case import Wrong
from suites import Unjudged

# --- hosts

LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z)(?:{LABEL}\.)*(?!(?:[0-9]+|0[xX][0-9A-Fa-f]*)\Z){LABEL}\Z")


def is_host(text):
    return HOST.match(text) is not None


def same_host(one, other):
    return is_host(one) and is_host(other) and one.lower() == other.lower()


# --- URIs

ESCAPE = "%[0-9A-Fa-f]{2}"
PCHAR = rf"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{ESCAPE})"
DOTS = re.compile(r"(?i)(?:\.|%2e){1,2}\Z")
MIMI_URI = re.compile(rf"(?i:mimi)://([^/?#@:]*)(?:/({PCHAR}+/(?:{PCHAR}|/)+))?\Z")
HTTPS_URL = re.compile(rf"(?i:https)://([^/?#@:\\]*)(?::([0-9]*))?((?:/(?:{PCHAR}|/)*)?(?:\?(?:{PCHAR}|[/?])*)?)\Z")
UNRESERVED = re.compile("[A-Za-z0-9._~-]")


def has_dots(path):
    return any(DOTS.match(segment) for segment in path.split("/"))


def normal(text):
    """RFC 3986 section 6.2.2, or None if it is no MIMI URI."""
    match = MIMI_URI.match(text)
    if not match or not is_host(match[1]) or has_dots(match[2] or ""):
        return None

    def escape(found):
        character = chr(int(found[0][1:], 16))
        return character if UNRESERVED.match(character) else found[0].upper()

    path = re.sub(ESCAPE, escape, match[2] or "")
    return f"mimi://{match[1].lower()}" + (f"/{path}" if path else "")


def reads_as_mimi(data):
    """Whether a parser of URLs, or a decoder of UTF-8 or of escapes, reads the scheme mimi (reading D48)."""
    unescaped = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), data)
    start = unescaped.lstrip(bytes(range(33)) + b"\xef\xbb\xbf")
    return bytes(b for b in start if b not in b"\t\n\r")[:5].lower() == b"mimi:"


def https_host(text):
    match = HTTPS_URL.match(text)
    ok = match and is_host(match[1]) and int(match[2] or 0) <= 65535
    return match[1] if ok else None


def expand(template, variables):
    """What the template makes of its variable; None if it is none, or makes a dot segment. Without variables, the template itself."""
    match = re.match(r"([^{}]*)\{([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)\}([^{}]*)\Z", template)
    if not match or not https_host(f"{match[1]}x{match[3]}"):
        return None
    before, variable, after = match.groups()
    path_before = re.match(r"[^:]*://[^/?]*/([^?]*)\Z", before)
    if not path_before:
        return None
    whole = path_before[1].rpartition("/")
    own, slash, later = after.partition("?")[0].partition("/")
    if (whole[1] and has_dots(whole[0])) or (slash and has_dots(later)):
        return None
    if variables is None:
        return template
    if not isinstance(variables, dict) or not isinstance(variables.get(variable), str):
        raise Wrong("variables", f"not the text of {variable}")
    value = quote(variables[variable], safe="")
    if DOTS.match(whole[2] + value + own):
        return None
    return before + value + after


# --- certificates


def presents(reference, presented):
    if not is_host(reference):
        return False
    first, dot, parent = reference.partition(".")
    for name in presented:
        if same_host(name, reference):
            return True
        if name.startswith("*.") and "." in name[2:] and dot and same_host(name[2:], parent):
            return True
    return False


# --- language tags

GRANDFATHERED = """en-gb-oed i-ami i-bnn i-default i-enochian i-hak i-klingon i-lux i-mingo i-navajo i-pwn i-tao i-tay i-tsu sgn-be-fr sgn-be-nl
sgn-ch-de art-lojban cel-gaulish no-bok no-nyn zh-guoyu zh-hakka zh-min zh-min-nan zh-xiang""".split()
LANGUAGE = re.compile(
    r"""(?xia)
    (?: (?: [a-z]{2,3} (?:-[a-z]{3}){0,3} | [a-z]{4,8} )
        (?:-[a-z]{4})? (?:-(?:[a-z]{2}|[0-9]{3}))? (?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*
        (?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)* (?:-x(?:-[a-z0-9]{1,8})+)?
      | x(?:-[a-z0-9]{1,8})+ )\Z"""
)


def is_language(tag):
    return tag.isascii() and (LANGUAGE.match(tag) is not None or tag.lower() in GRANDFATHERED)


def is_language_list(text):
    first, *others = text.split(",")
    return text == "" or (is_language(first) and all(is_language(tag.lstrip(" ")) for tag in others))


# --- media types

TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*"'
PARAMETER = re.compile(rf"[ \t]*;[ \t]*(?:({TOKEN})=({TOKEN}|{QUOTED}))?")


def media_type(text):
    """(type, subtype, parameters), or None."""
    match = re.match(rf"({TOKEN})/({TOKEN})", text)
    if not match:
        return None
    at, parameters = match.end(), []
    while at < len(text):
        found = PARAMETER.match(text, at)
        if not found:
            return None
        at = found.end()
        if found[1]:
            value = found[2]
            if value.startswith('"'):
                value = re.sub(r"(?s)\\(.)", r"\1", value[1:-1])
            parameters.append([found[1].lower(), value])
    if len({name for name, _ in parameters}) != len(parameters):
        return None
    return match[1].lower(), match[2].lower(), parameters


# --- cases


def texts(case, field):
    value = case.get(field)
    if not isinstance(value, list) or not all(isinstance(it, str) for it in value):
        raise Wrong(field, "not an array of texts")
    return value


def is_accepted(case):
    what, text = case.text("what"), case.text("input")
    if what == "dns_name":
        return is_host(text)
    if what == "mimi_uri":
        return normal(text) is not None
    if what == "https_url":
        return https_host(text) is not None
    if what == "asset_url":
        host = https_host(text)
        domains = texts(case, "domains")
        return host is not None and any(same_host(host, domain) for domain in domains)
    if what == "from_header":
        return text.startswith("mimi@") and is_host(text[5:])
    if what == "certificate":
        return presents(text, texts(case, "presented"))
    if what == "url_template":
        return expand(text, case.data.get("variables")) is not None
    if what == "language":
        return is_language(text)
    if what == "language_list":
        return is_language_list(text)
    if what == "media_type":
        return media_type(text) is not None
    raise Unjudged(f"{what!r} is unknown")


def valid(case):
    if not is_accepted(case):
        raise Wrong("input", "refused")
    what, text = case.text("what"), case.text("input")
    if what == "mimi_uri":
        made = normal(text)
        if case.has("normal"):
            case.equal("normal", made)
        if case.has("is_normal"):
            case.equal("is_normal", made == text)
        if case.has("identifies"):
            segments = text.split("/")
            kinds = {"u": "user", "p": "pseudonym", "d": "client", "r": "room", "g": "group", "t": "team"}
            case.equal("identifies", kinds.get(segments[3], "other") if len(segments) > 3 else "provider")
        for other in texts(case, "equivalent") if case.has("equivalent") else []:
            if normal(other) != made:
                raise Wrong("equivalent", f"{other!r} is not")
    elif what == "from_header":
        if not same_host(case.text("domain"), text[5:]):
            raise Wrong("domain", f"computed {text[5:]!r}")
    elif what == "url_template":
        case.equal("expanded", expand(text, case.get("variables")))
    elif what == "media_type":
        top, sub, parameters = media_type(text)
        for field, computed in (("type", top), ("subtype", sub)):
            if case.text(field).lower() != computed:
                raise Wrong(field, f"computed {computed!r}")
        given = [[pair[0].lower(), *pair[1:]] for pair in case.get("parameters")]
        if given != parameters:
            raise Wrong("parameters", f"computed {parameters!r}")


def invalid(case):
    if is_accepted(case):
        raise Wrong("input", f"accepted, not refused: {case.data.get('reason')}")
