"""Slack and Mailgun, where the document is behind the server: operations that came later, bodies of another type."""

from typing import Any

from support.descriptions.by_hand import (
    BASIC,
    BEARER,
    FLAG,
    FORM,
    FREE,
    JSON,
    NAME,
    TEXT,
    Node,
    fields,
    many,
    operation,
    some_of,
    words,
)  # fmt: skip

RETIRED = {
    "slack": {"/api/files.upload"}
}  # api.slack.com/changelog: gone since November 2025, in favour of the two below
TIMESTAMP: Node = {"type": "string", "pattern": r"^[0-9]+\.[0-9]+$"}


def message(structured: Node) -> Node:
    """`structured` is how blocks are written: JSON has arrays where a form has JSON text."""
    return fields({"channel": NAME}, {
        "text": {"type": "string", "maxLength": 40_000}, "blocks": structured, "attachments": structured,
        "thread_ts": TIMESTAMP, **dict.fromkeys(("mrkdwn", "unfurl_links", "unfurl_media", "reply_broadcast",
                                                 "link_names"), FLAG),
        **dict.fromkeys(("icon_emoji", "icon_url", "username", "parse"), TEXT), "metadata": FREE,
    }, **some_of("text", "blocks", "attachments"))  # fmt: skip


POST = operation("POST /api/chat.postMessage", message(TEXT), keys=[BEARER], medias=(FORM,))
POST.bodies[JSON] = message(many(FREE))
UPLOAD: dict[str, Any] = {"filename": NAME, "length": {"type": "integer", "minimum": 1}}
SLACK = [
    POST,
    operation("POST /api/files.getUploadURLExternal", fields(UPLOAD, {"alt_txt": TEXT, "snippet_type": TEXT}),
              keys=[BEARER], medias=(FORM,)),  # it does not read JSON
    operation("GET /api/files.getUploadURLExternal", keys=[BEARER], query=UPLOAD, needs=tuple(UPLOAD)),
    operation("POST /api/files.completeUploadExternal", fields(
        {"files": many(fields({"id": NAME}, {"title": TEXT}))},
        {"channel_id": NAME, "channels": TEXT, "initial_comment": TEXT, "thread_ts": TIMESTAMP}), keys=[BEARER]),
]  # fmt: skip

# The document has these in the query; the server's own examples and SDKs send a form, where a thousand members fit.
MEMBERS = fields(
    {"members": {"type": "string", "maxListedJson": 1_000}}, {"upsert": words("yes", "no", "true", "false")}
)
MAILGUN = [
    operation("POST /v3/lists/{list_address}/members.json", MEMBERS, keys=[BASIC],
              medias=(FORM, "multipart/form-data")),
    operation("POST /v3/lists/{list_address}/members", fields({"address": NAME}, {
        "name": TEXT, "vars": TEXT, "subscribed": words("yes", "no", "true", "false"),
        "upsert": words("yes", "no", "true", "false")}), keys=[BASIC], medias=(FORM, "multipart/form-data")),
]  # fmt: skip
