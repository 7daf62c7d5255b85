"""Which capabilities a MIMI content message takes beside canSendMessage (mimi-room-policy-04 sections 8.3 and 8.4)."""

import re

from content import decode_message
from presentation import Refused

REACTION, ATTACHMENT, PREVIEW = 2, 6, 8
DEEPEST_FORWARD = 4


def needed(message, earlier, sender, participants):
    """Names of capabilities, None for what no capability allows."""
    body = message["body"]
    empty, reaction = body["part"] == "null", body["disposition"] == REACTION
    topic = message["topic_id"].hex()
    if message["replaces"] is not None:
        target = earlier.get(message["replaces"].hex())
        own = target is None or target["author"] == sender
        # What isn't known of the target is what the message's own fields say.
        was_reaction = reaction if target is None or "disposition" not in target else target["disposition"] == REACTION
        moved = target is not None and target.get("topic_id", topic) != topic
        if empty:
            yield ("canDeleteOwn" if own else "canDeleteOther") + ("Reaction" if was_reaction else "Message")
            return
        if reaction != was_reaction:
            yield None
        if not own:
            # The topic of another's message may change, and nothing else: what the message holds has no effect.
            yield "canEditOtherTopic" if moved else None
            return
        yield "canEditReaction" if was_reaction else "canEditOwnMessage"
        if moved:
            yield "canEditOwnTopic"
    else:
        in_topic = bool(topic) and message["in_reply_to"] is not None
        if in_topic:
            target = earlier.get(message["in_reply_to"].hex()) or {}
            in_topic = target.get("topic_id", topic) == topic
        if reaction:
            yield "canReactToMessage"
        elif message["in_reply_to"] is not None and not in_topic:
            yield "canReplyToMessage"
        if topic:
            yield "canReplyInTopic" if in_topic else "canStartTopic"
    if not reaction and any(part["disposition"] == REACTION for part in all_parts(body)):
        yield "canReactToMessage"
    yield from content(body, participants, 0)


def all_parts(part):
    yield part
    for inner in part.get("parts", ()):
        yield from all_parts(inner)


def content(body, participants, forwards):
    if forwards > DEEPEST_FORWARD:
        yield None
        return
    for part in all_parts(body):
        if part["part"] == "null":
            continue
        if part["disposition"] == PREVIEW:
            yield "canSendLinkPreview"
        if part["part"] == "external":
            yield upload(part)
            if has_link("text/plain", part["description"].encode(), participants):
                yield "canSendLink"
        elif part["part"] == "single":
            if has_link(part["content_type"], part["content"], participants):
                yield "canSendLink"
            if part["content_type"].split(";")[0].strip().lower() == "application/mimi-content":
                try:
                    inner = decode_message(part["content"])["body"]
                except Refused:
                    # No user shows it. Beyond the last level no user looks.
                    inner = {"part": "null", "disposition": 0}
                yield from content(inner, participants, forwards + 1)


def upload(part):
    if part["disposition"] == ATTACHMENT:
        return "canUploadAttachment"
    kind = part["content_type"].split("/")[0].strip().lower()
    return {"image": "canUploadImage", "audio": "canUploadAudio", "video": "canUploadVideo"}.get(kind, "canUploadAttachment")


SPACE, NO_SPACE = rb"[\x00-\x20\x7f]", rb"[^\x00-\x20\x7f]"
# A scheme, :// and one octet that can stand in a URI.
WITH_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*://(?=[^\x00-\x20\x7f<>\"])[A-Za-z0-9._~:/?#@!$&*+,;=%\-]*")
# What ends a sentence or an emphasis around a URI is no part of it.
SENTENCE = b".,;:!?*_~"
DESTINATION = re.compile(rb"\]\(" + SPACE + rb"*(?:<([^>\n]+)|([^\x00-\x20\x7f)<][^\x00-\x20\x7f)]*))")
DEFINITION = re.compile(
    rb"^[ \t>\-+*.)0-9]*\[[^\]]*\]:" + SPACE + rb"*(?:<([^>\n]+)|((?!<)" + NO_SPACE + rb"+))", re.MULTILINE)
AUTOLINK = re.compile(rb"<([^\x00-\x20\x7f<>]*[:@][^\x00-\x20\x7f<>]*)>")
RESOURCES = (b"href|src|srcset|action|formaction|data|poster|background|ping|cite|longdesc|manifest")
ATTRIBUTE = re.compile(
    rb"(?<=[\x00-\x20\x7f/\"'])(?:[A-Za-z][^\x00-\x20\x7f/=>]*:)?(?:" + RESOURCES + rb")" + SPACE + rb"*=" + SPACE + rb"*"
    rb"(?:\"([^\"]*)|'([^']*)|([^\x00-\x20\x7f>\"'][^\x00-\x20\x7f>]*))", re.IGNORECASE)
TAG = re.compile(rb"<[A-Za-z]")


TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
PARAMETER = rf"[ \t]*;[ \t]*({TOKEN})=({TOKEN}|\"(?:[^\"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*\")"


def media_type(text):
    """(type, parameters) in lower case, or None where it is malformed (RFC 9110 section 8.3.1)."""
    whole = re.fullmatch(rf"({TOKEN}/{TOKEN})((?:{PARAMETER})*)", text)
    found = re.findall(PARAMETER, whole[2]) if whole else []
    parameters = {name.lower(): re.sub(r"\\(.)", r"\1", value.strip('"')).lower() for name, value in found}
    return (whole[1].lower(), parameters) if whole and len(parameters) == len(found) else (None, {})


def has_link(content_type, text, participants):
    """A rule on octets, of readings D30 to D32."""
    if not re.match(r"\s*text\s*(/|$)", content_type, re.IGNORECASE):
        return False
    kind, parameters = media_type(content_type)
    if kind is None or parameters.get("charset", "utf-8") not in ("utf-8", "us-ascii"):
        return True
    found = [match[0].rstrip(SENTENCE) for match in WITH_SCHEME.finditer(text)]
    html = kind == "text/html"
    if kind == "text/markdown":
        html = parameters.get("variant") != "gfm-mimi"
        for pattern in (DESTINATION, DEFINITION, AUTOLINK):
            found += [next(group for group in match.groups() if group) for match in pattern.finditer(text)]
    if html and (tag := TAG.search(text)):
        values = [next((group for group in match.groups() if group), b"").strip() for match in ATTRIBUTE.finditer(text, tag.start())]
        found += [value for value in values if value and not value.startswith(b"#")]
    return not all(refers_inside(target, participants) for target in found)


def refers_inside(target, participants):
    """A mention of a participant, or a part of the message."""
    is_part = re.fullmatch(rb"(?i:cid):(?:0|[1-9][0-9]*)@(?i:local\.invalid)", target)
    return bool(is_part) or target.startswith(b"mimi://") and b"/u/" in target and target.decode("latin-1") in participants
