"""Which capabilities a MIMI content message takes beside canSendMessage (mimi-room-policy-03 sections 8.3 and 8.4)."""

import re

from content import decode_message
from presentation import Refused

REACTION, ATTACHMENT, PREVIEW = 2, 6, 8
DEEPEST = 4


def needed(message, earlier, sender, participants, level=1):
    """Names of capabilities, None for what no capability allows."""
    if level > DEEPEST:
        yield None
        return
    body = message["body"]
    empty, reaction = body["part"] == "null", body["disposition"] == REACTION
    topic = message["topic_id"]
    if message["replaces"] is not None:
        target = earlier.get(message["replaces"].hex())
        own = target is None or target["author"] == sender
        was_reaction = reaction if target is None or "disposition" not in target else target["disposition"] == REACTION
        if empty:
            yield ("canDeleteOwn" if own else "canDeleteOther") + ("Reaction" if was_reaction else "Message")
            return
        yield from edit(message, target, own, reaction, was_reaction, topic)
    elif reaction and message["in_reply_to"] is not None:
        yield "canReactToMessage"
        yield from topic_of_reply(message, earlier, topic)
    elif message["in_reply_to"] is not None:
        if topic:
            yield from topic_of_reply(message, earlier, topic, in_topic_alone=True)
        else:
            yield "canReplyToMessage"
    elif topic:
        yield "canStartTopic"
    yield from parts(body, participants, level, earlier, sender)


def edit(message, target, own, reaction, was_reaction, topic):
    if reaction != was_reaction:
        yield None
    if not own:
        yield None
        return
    moved = target is not None and "topic_id" in target and target["topic_id"] != topic.hex()
    if was_reaction:
        yield "canEditReaction"
    else:
        yield "canEditOwnMessage"
    if moved:
        yield "canEditOwnTopic"


def topic_of_reply(message, earlier, topic, in_topic_alone=False):
    target = earlier.get(message["in_reply_to"].hex())
    if not topic:
        return
    known = target.get("topic_id") if target else None
    if known is None or known == topic.hex():
        yield "canReplyInTopic"
    else:
        if in_topic_alone:
            yield "canReplyToMessage"
        yield "canStartTopic"


def parts(part, participants, level, earlier, sender):
    if part["part"] == "multi":
        for inner in part["parts"]:
            yield from parts(inner, participants, level, earlier, sender)
    elif part["part"] == "external":
        yield upload(part)
    elif part["part"] == "single":
        if part["disposition"] == PREVIEW:
            yield "canSendLinkPreview"
        kind = part["content_type"].split(";")[0].strip().lower()
        if kind == "application/mimi-content":
            try:
                inner = decode_message(part["content"])
            except Refused:
                return
            yield from parts(inner["body"], participants, level + 1, earlier, sender)
        elif kind.startswith("text/") and has_link(part["content"], participants):
            yield "canSendLink"


def upload(part):
    if part["disposition"] == ATTACHMENT:
        return "canUploadAttachment"
    kind = part["content_type"].split("/")[0].strip().lower()
    return {"image": "canUploadImage", "audio": "canUploadAudio", "video": "canUploadVideo"}.get(kind, "canUploadAttachment")


def has_link(content, participants):
    """A scheme and `://` in any text, but for mentions of participants."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return True
    for link in re.findall(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s<>()\[\]\"']*", text):
        if not (link.lower().startswith("mimi://") and link in participants):
            return True
    return False
