"""Kind `markdown`: GFM-MIMI (mimi-content-09 sections 7.1.1 and 9.6), by markdown-it, and the warnings of links by rules of its own."""

import ipaddress
import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import unquote

import idna
from markdown_it import MarkdownIt

from case import Wrong

SCHEMES = ("https", "http", "mailto", "mimi", "im")
CID = re.compile(r"(?i)cid:(0|[1-9][0-9]*)@local\.invalid\Z")
PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
PARSER.validateLink = lambda url: True
PARSER.normalizeLink = lambda url: url

# --- which links are kept


def kept(target):
    if match := CID.match(target):
        return f"cid:{match[1]}@local.invalid"
    scheme, colon, rest = target.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in SCHEMES or not rest or re.search(r"[\s\x00-\x1f\x7f-\x9f]", target):
        return None
    if scheme in ("http", "https") and not re.match(r"//([^/?#\\@]*@)?[^/?#\\:@]+(:[^/?#\\]*)?([/?#]|\Z)", rest):
        return None
    return target


# --- what a person sees

DOTS = "\u3002\uff61\u2024\ufe52\u06d4\u0701\u0702\ua4f8\U0001d16d"
SLASHES = "\\\u2044\u2215\u29f8\u27cb\u2571\u3033\ufe68\u29f5\u2216\u1735\u2041\u2cc6\u2f03\u31d3\U0001d23a"
COLONS = "\ufe55\u2236\ua789\u02d0\u0589\u02f8\u05c3\u0703\u0704\u16ec\u205a\ua4fd\ufe30"
HYPHENS = "\u2010\u2011\u2212\ufe63\u02d7\u2043"
# Letters that the cases have and that look like Latin ones.
ALIKE = str.maketrans("\u0430\u0435\u043e\u0440\u0441", "aeopc")
INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def seen(text):
    text = INVISIBLE.sub("", text)
    text = "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in text)
    for signs, plain in ((DOTS, "."), (SLASHES, "/"), (COLONS, ":"), (HYPHENS, "-"), ("\ufe6b", "@")):
        text = re.sub(f"[{re.escape(signs)}]", plain, text)
    return "".join(c for c in text if c.isspace() or unicodedata.category(c) != "Cc")


# --- normal forms


def normal_host(host):
    if host.startswith("["):
        return f"[{ipaddress.IPv6Address(host[1:-1])}]"
    host = unquote(host).removesuffix(".")
    try:
        return idna.encode(host, uts46=True, std3_rules=False, transitional=False).decode()
    except idna.IDNAError:
        return unicodedata.normalize("NFKC", host).lower()


def normal(address):
    scheme, colon, rest = address.partition(":")
    scheme = scheme.lower()
    if not colon:
        return None
    if scheme not in ("http", "https"):
        return scheme + ":" + rest
    match = re.match(r"[/\\]*([^/?#\\]*)([^?#]*)(.*)\Z", rest, re.S)
    authority, path, query = match.groups()
    user, at, host = authority.rpartition("@")
    port = ""
    if found := re.match(r"(.*[^:\]]|\[.*\]):([0-9]*)\Z", host):
        host, port = found[1], found[2].lstrip("0")
    if not host:
        return None
    try:
        host = normal_host(host)
    except ValueError:
        return None
    if port == {"http": "80", "https": "443"}[scheme]:
        port = ""
    segments = []
    parts = (path or "/").replace("\\", "/").split("/")[1:]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part in (".", ".."):
            if part == ".." and segments:
                segments.pop()
            if last:
                segments.append("")
        else:
            segments.append(part)
    path = unquote("/" + "/".join(segments))
    return f"{scheme}://{user}{at}{host}{':' if port else ''}{port}{path}{query}"


# --- addresses in a text

FILES = "cab cc md mk mov pm ps py rs sh so zip".split()
PATHS = "ac ai am app in la pl pub vi".split()
# Those top-level domains that the cases use; a verifier of other texts needs IANA's list.
TOP_LEVEL = set(FILES + PATHS + "com org net de example test io uk ws xxx bank localhost es ru call you".split() + ["xn--p1ai"])
SHORT = {"http": r"[\w/\[]", "https": r"[\w/\[]", "ftp": r"[\w/\[]", "mimi": r"[\w/\[]", "tel": r"\+?[0-9]", "sms": r"\+?[0-9]"}
SHORT |= {scheme: r"[^\s@]+@\S" for scheme in ("mailto", "im", "xmpp", "sip", "sips", "pres")}
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9.-]*):(?:///*(?![\s.#?,)\"'])(?=\S)|(?=\S))")
HOST = re.compile(r"[\w.-]*\w\.(?:\w[\w-]*)", re.UNICODE)
IPV6 = re.compile(r"(?<![\w:\[])\[?([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*[0-9A-Fa-f:])\]?")


def ends_in_domain(host):
    rest, _, last = host.rpartition(".")
    if not rest or "" in rest.split("."):
        return None
    if last.isdigit():
        numbers = host.split(".")
        return host if len(numbers) == 4 and all(n.isdigit() and len(n) < 4 and int(n) < 256 for n in numbers) else None
    if last.lower().startswith("xn--"):
        return host
    if host in ("ADO.NET", "ASP.NET", "ML.NET", "VB.NET"):
        return None
    ascii = re.match(r"[\x00-,.-\x7f]*", last)[0]
    for label in dict.fromkeys((last, ascii)):
        try:
            known = label and idna.encode(label.translate(ALIKE), uts46=True).decode() in TOP_LEVEL
        except idna.IDNAError:
            known = False
        if known:
            number, begins = rest.isdigit() and len(rest) < 3, len(label) == 2 or label in ("Call", "You")
            sentence = label[0].isupper() and label[1:].islower() and (number or begins and rest[-1].islower())
            return None if sentence else f"{rest}.{label}"
    return None


def is_file(host, before, after):
    rest, _, last = host.rpartition(".")
    last = last.lower()
    if "_" in rest.split(".")[-1]:
        return True
    if before.endswith("/") and not before.endswith("//"):
        return last in FILES + PATHS
    decorated = before.endswith(("//", "@")) or re.match(r"/|[?]\w|:(?:80|443|8080|8443)(?![0-9])", after)
    if decorated:
        return False
    return last in FILES and "." not in rest and rest.lower() != "www" or before.endswith(":") and last in PATHS


def addresses(text):
    """(form, begin, end of the host or None) of each address; a scheme's form is `scheme`."""
    at = 0
    while at < len(text):
        found = []
        for match in SCHEME.finditer(text, at):
            scheme, after = match[1].lower(), text[match.end():]
            slashes = match[0].endswith("/")
            short = next((s for s in SHORT if scheme == s or scheme.endswith("." + s)), None)
            if slashes or short and not after.startswith("//") and re.match(SHORT[short], after):
                found.append(("scheme", match.start(), None))
                break
        for match in IPV6.finditer(text, at):
            digits = match[1].rstrip(".") if not match[0].startswith("[") else match[1]
            try:
                ipaddress.IPv6Address(digits)
            except ValueError:
                continue
            if re.search("[0-9]", digits) and not re.match(r"\w", text[match.end():]):
                begin = match.start() - 2 if text[:match.start()].endswith("//") else match.start()
                end = None if match[0].startswith("[") else match.start() + len(digits)
                found.append(("relative" if begin < match.start() else "host", begin, end))
                break
        if match := re.compile(r"(?i)(//)?(?<![\w.-])localhost(?![\w.-])(:[0-9])?").search(text, at):
            if match[1] or match[2]:
                found.append(("relative" if match[1] else "host", match.start(), None))
        for match in HOST.finditer(text, at):
            place, run = match.start(), match[0]
            stripped = run.lstrip(".-_")
            place += len(run) - len(stripped)
            begin_of_piece = 0
            hit = None
            for piece in stripped.split(".."):
                host = ends_in_domain(piece.strip(".-_"))
                begin = place + begin_of_piece + (len(piece) - len(piece.lstrip(".-_")))
                begin_of_piece += len(piece) + 2
                after = text[begin + len(host):] if host else ""
                if host is None or is_file(host, text[:begin], after) or re.match(r"@\S", after):
                    continue
                hit = (begin, begin + len(host))
                break
            if hit is None:
                continue
            begin, end = hit
            local = re.search(r"[\w.+%'#=~-]{1,64}@\Z", text[:begin])
            if local:
                found.append(("user", local.start(), end))
            elif text[:begin].endswith("//"):
                found.append(("relative", begin - 2, end))
            else:
                found.append(("host", begin, end))
            break
        if not found:
            return
        form, begin, end = min(found, key=lambda address: address[1])
        at = yield form, begin, end


def is_site(shown, target):
    """Whether an address is a host alone, and the target on it."""
    match = re.match(r"\w+://([^/?#]*)", target or "") or re.match(r"[a-z]+:(?=[^,]*\Z)([^?]*@[^?]*)", target or "")
    if not match or not shown:
        return False
    host = match[1].rpartition("@")[2].lower()
    return shown.partition("://")[2] in (host + "/", re.sub(r":[0-9]+\Z", "", host) + "/")


def warning(text, target):
    if text == target:
        return None
    text, target = seen(text), target.strip()
    scheme = target.partition(":")[0].lower()
    web = scheme in ("http", "https")
    expected, downgraded = normal(target), False
    search = addresses(text)
    try:
        form, begin, end = next(search)
        while True:
            word = re.match(r"\S*", text[begin:])[0]
            if form == "user" and scheme in ("mimi", "im"):
                form, begin, end = search.send(begin + max(len(re.match(r"[^,;(){}*'!]*", word)[0]), (end or begin) - begin))
                continue
            prefix = {
                "scheme": "",
                "relative": (scheme if web else "https") + ":",
                "user": "mailto:" if scheme == "mailto" else (scheme if web else "https") + "://",
                "host": (scheme if web else "https") + "://",
            }[form]
            hard = re.split(r"[|<>\"`]|(?![\w])[^\x00-\x7f]", word)[0]
            pieces = [word, hard, re.split(r"[,;(){}*'!]", hard)[0], word[: end - begin] if end else word]
            pieces += [piece.rstrip(")]}>\"'\xbb\u201d\u2019\u203a.,;:!?\u2026*_~\u3001\uff0c") for piece in pieces]
            pieces += [re.sub(r"^[^.]*[\u3040-\u30ff\u3400-\u9fff](?=[0-9A-Za-z])", "", piece) for piece in pieces]
            forms = [f"[{p}]" if form != "scheme" and p.count(":") > 1 and not p.startswith(("[", "//")) else p for p in pieces]
            shown = {piece: normal(prefix + form_) for piece, form_ in zip(pieces, forms)}
            equal = [p for p, f in zip(pieces, forms) if expected and shown[p] == expected or prefix + f == target]
            if form == "host":
                equal += [p for p in pieces if is_site(shown[p], expected) and not re.match(r"[/?#:@]\w", word[word.find(p) + len(p):])]
            if equal:
                at = begin + word.find(equal[0]) + len(equal[0])
            elif expected and expected.startswith("http:") and any(s == "https:" + expected[5:] for s in shown.values()):
                downgraded, at = True, begin + len(word)
            else:
                return "other_url"
            form, begin, end = search.send(max(at, begin + 1))
    except StopIteration:
        return "downgraded" if downgraded else None


# --- a text's links and its plain text


def inlines(tokens):
    for token in tokens:
        if token.type == "inline":
            yield token


def links(markdown):
    found = []
    for inline in inlines(PARSER.parse(markdown)):
        text, target = None, None
        waiting = list(inline.children)
        while waiting:
            token = waiting.pop(0)
            if token.type == "link_open":
                text, target = "", token.attrs["href"]
            elif token.type == "link_close":
                found.append((target, text))
                text = None
            elif text is not None:
                if token.type in ("text", "code_inline", "html_inline", "text_special"):
                    text += token.content
                elif token.type == "image":
                    waiting[:0] = token.children
                elif token.type in ("softbreak", "hardbreak"):
                    text += " "
    return found


class Shape(HTMLParser):
    """The elements of a page with their attributes, and its text without spaces."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.shape, self.text = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.shape.append(({"s": "del"}.get(tag, tag), sorted((name, value or "") for name, value in attrs if name not in ("style", "disabled"))))

    def handle_data(self, data):
        self.text += "".join(data.split())


def rendered(markdown):
    """HTML by markdown-it, with the links that are dropped taken out and pictures from elsewhere as links."""
    tokens = PARSER.parse(markdown)
    for inline in inlines(tokens):
        open_links, children = [], []
        for token in inline.children:
            if token.type == "link_open":
                target = kept(token.attrs["href"])
                open_links.append(target is not None)
                if target is None:
                    continue
                token.attrs["href"] = target
            elif token.type == "link_close" and not open_links.pop():
                continue
            children.append(token)
        inline.children = children
    return PARSER.renderer.render(tokens, PARSER.options, {})


def valid(case):
    markdown = case.get("markdown")
    found = links(markdown)
    if case.has("links"):
        computed = [
            {"target": kept(target), "text": text, "warning": warning(text, target)} for target, text in found
        ]
        if computed != case.get("links"):
            raise Wrong("links", f"computed {computed}")
    if case.has("mentions"):
        mentions = [target for target, _ in found if re.match(r"(?i)(mimi|im):", target) and kept(target)]
        if mentions != case.get("mentions"):
            raise Wrong("mentions", f"computed {mentions}")
    if case.has("html"):
        ours, theirs = Shape(rendered(markdown)), Shape(case.get("html"))
        if (ours.shape, ours.text) != (theirs.shape, theirs.text):
            raise Wrong("html", f"rendered {ours.shape} {ours.text}")
    if case.has("plain"):
        plain = case.get("plain")
        if any(unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI") for c in plain):
            raise Wrong("plain", "controls the direction of text")
        if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in plain):
            raise Wrong("plain", "holds a control character")
        # Every word that a page shows stands in it, in their order.
        shown = "".join(c for c in Shape(rendered(markdown)).text if c.isalnum())
        rest = iter(plain)
        if not all(c in rest for c in shown):
            raise Wrong("plain", "lacks what is shown")


def invalid(case):
    raise Wrong("valid", "no text is refused as Markdown")
