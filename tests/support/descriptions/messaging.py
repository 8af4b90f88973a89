"""Iterable, Customer.io (Track), OneSignal and Mastodon, from their documentation and the recordings."""

from typing import Any

from support.descriptions.by_hand import (
    BASIC,
    BEARER,
    EMAIL,
    FLAG,
    FORM,
    FREE,
    JSON,
    NAME,
    TEXT,
    WHEN,
    WHOLE,
    Node,
    by,
    fields,
    many,
    operation,
    some_of,
    words,
)  # fmt: skip
from support.descriptions.operation import Operation, Parameter

ITERABLE_ROWS = 1_000  # channels.md: rows in one bulk request
ONESIGNAL_IDS = 2_000  # OneSignal's SDKs: entries of one targeting list
TOOT = 500  # docs.joinmastodon.org: a server's default; its own figure stands in /api/v2/instance

API_KEY = [[Parameter("Api-Key", "header")]]
WHO = some_of("email", "userId")
USER: dict[str, Node] = {"email": EMAIL, "userId": NAME}
PROFILE = fields({}, {**USER, "dataFields": FREE, "preferUserId": FLAG, "mergeNestedObjects": FLAG}, **WHO)
ITERABLE_EVENT = fields({"eventName": NAME}, {
    **USER, "id": NAME, "createdAt": WHOLE, "dataFields": FREE, "campaignId": WHOLE, "templateId": WHOLE,
    "createNewFields": FLAG,
}, **WHO)  # fmt: skip


def iterable(route: str, body: Node | None = None) -> Operation:
    return operation(route, body, keys=API_KEY)


ITERABLE = [
    iterable("POST /api/users/bulkUpdate", fields(
        {"users": many(PROFILE, ITERABLE_ROWS)}, {"createNewFields": FLAG, "updateOnly": FLAG})),
    iterable("POST /api/users/update", {**PROFILE, "properties": {**PROFILE["properties"], "createNewFields": FLAG}}),
    iterable("POST /api/users/updateEmail", fields(
        {"newEmail": EMAIL}, {"currentEmail": EMAIL, "currentUserId": NAME, "merge": FLAG},
        **some_of("currentEmail", "currentUserId"))),
    iterable("POST /api/users/forget", fields({}, USER, **WHO)),
    iterable("GET /api/users/{email}"),
    iterable("DELETE /api/users/{email}"),
    iterable("DELETE /api/users/byUserId/{userId}"),
    iterable("GET /api/lists"),
    iterable("POST /api/lists", fields({"name": NAME}, {"description": TEXT})),
    iterable("DELETE /api/lists/{listId}"),
    iterable("POST /api/lists/subscribe", fields(
        {"listId": WHOLE, "subscribers": many(PROFILE, ITERABLE_ROWS)}, {"updateExistingUsersOnly": FLAG})),
    iterable("POST /api/lists/unsubscribe", fields(
        {"listId": WHOLE, "subscribers": many(fields({}, {**USER, "preferUserId": FLAG}, **WHO), ITERABLE_ROWS)},
        {"campaignId": WHOLE, "channelUnsubscribe": FLAG})),
    iterable("POST /api/events/trackBulk", fields({"events": many(ITERABLE_EVENT, ITERABLE_ROWS)})),
]  # fmt: skip

PERSON_ID = {**fields({}, {"id": NAME, "email": EMAIL, "cio_id": NAME}), "minProperties": 1, "maxProperties": 1}
ATTRIBUTES: dict[str, Node] = {"attributes": FREE}
EVENT: dict[str, Node] = {"name": NAME, **ATTRIBUTES, "timestamp": WHOLE, "id": NAME}
RELATIONS: dict[str, Node] = {
    "cio_relationships": many(fields({"identifiers": FREE}, {"relationship_attributes": FREE}))
}


def person(**extra: Node) -> Node:
    return fields({"type": words("person"), "action": NAME, "identifiers": PERSON_ID}, extra)


NAMED_EVENT = {**person(**EVENT), "required": ["type", "action", "identifiers", "name"]}
MERGE = fields({"type": words("person"), "action": NAME, "primary": PERSON_ID, "secondary": PERSON_ID})
PERSON = by("action", **{
    "identify": person(**ATTRIBUTES, **RELATIONS), "delete": person(), "suppress": person(), "unsuppress": person(),
    "event": NAMED_EVENT, "page": NAMED_EVENT, "screen": NAMED_EVENT, "merge": MERGE,
    "add_relationships": person(**RELATIONS), "delete_relationships": person(**RELATIONS),
    "add_device": person(device=FREE), "delete_device": person(device=FREE),
})  # fmt: skip
OBJECT_ID = {"anyOf": [fields({"object_type_id": NAME, "object_id": NAME}), fields({"cio_object_id": NAME})]}
ENTITY = by("type", person=PERSON, delivery=FREE, object=fields(
    {"type": words("object"), "action": NAME, "identifiers": OBJECT_ID}, {**EVENT, **RELATIONS}))  # fmt: skip
CUSTOMERIO = [
    operation("POST /api/v2/batch", fields({"batch": many(ENTITY)}), keys=[BASIC]),
    operation("POST /api/v2/entity", ENTITY, keys=[BASIC]),
    operation("GET /api/v1/accounts/region", keys=[BASIC]),
    operation("PUT /api/v1/customers/{identifier}", FREE, keys=[BASIC]),
    operation("DELETE /api/v1/customers/{identifier}", keys=[BASIC]),
    operation("POST /api/v1/customers/{identifier}/suppress", keys=[BASIC]),
    operation("POST /api/v1/customers/{identifier}/unsuppress", keys=[BASIC]),
    operation("POST /api/v1/events", fields({"name": NAME}, {
        "anonymous_id": NAME, "data": FREE, "timestamp": WHOLE, "id": NAME, "type": NAME}), keys=[BASIC]),
]  # fmt: skip

ONESIGNAL_KEY = [[Parameter("authorization", "header", schema={"prefix": start})] for start in ("key ", "basic ")]
MEMBERS = many(NAME, ONESIGNAL_IDS)
BY_LANGUAGE: Node = {"type": "object", "additionalProperties": TEXT}
TARGETS: dict[str, Node] = {
    "include_aliases": {"type": "object", "additionalProperties": MEMBERS, "minProperties": 1},
    **dict.fromkeys(("include_subscription_ids", "include_email_tokens", "email_to", "include_phone_numbers",
                     "include_external_user_ids", "include_player_ids", "included_segments"), MEMBERS),
    "filters": many(FREE),
}  # fmt: skip
NOTIFICATION = {**fields({"app_id": NAME}, {
    **TARGETS, "excluded_segments": many(NAME), "target_channel": words("push", "email", "sms"),
    **dict.fromkeys(("contents", "headings", "subtitle"), BY_LANGUAGE), "data": FREE, "custom_data": FREE,
    **dict.fromkeys(("name", "template_id", "url", "web_url", "app_url", "send_after", "delayed_option",
                     "idempotency_key",
                     "delivery_time_of_day", "external_id", "email_subject", "email_body", "email_from_name",
                     "email_from_address", "email_reply_to_address", "email_preheader", "sms_from", "big_picture",
                     "collapse_id", "global_image"), TEXT),
    **dict.fromkeys(("ttl", "priority", "throttle_rate_per_minute"), WHOLE), "buttons": many(FREE),
    **dict.fromkeys(("disable_email_click_tracking", "include_unsubscribed", "enable_frequency_cap", "isIos",
                     "isAndroid",
                     "isAnyWeb", "content_available", "mutable_content"), FLAG), "sms_media_urls": many(TEXT),
}, patternProperties={"^(ios|android|huawei|chrome|firefox|adm|web|small_icon|large_icon)_?": {}}),
    "allOf": [some_of(*TARGETS), some_of("contents", "template_id", "email_body", "content_available")]}  # fmt: skip
ONESIGNAL_USER = fields({}, {
    "identity": BY_LANGUAGE, "properties": FREE, "refresh_device_metadata": FLAG, "deltas": FREE,
    "subscriptions": many(fields({"type": NAME, "token": NAME}, {"enabled": FLAG, "notification_types": WHOLE}),
                          least=0),
})  # fmt: skip


def onesignal(route: str, body: Node | None = None, **more: Any) -> list[Operation]:
    """At api.onesignal.com, and with a prefix at the older onesignal.com."""
    method, path = route.split(" ")
    return [operation(f"{method} {prefix}{path}", body, keys=ONESIGNAL_KEY, **more) for prefix in ("", "/api/v1")]


ONESIGNAL = [
    *onesignal("POST /notifications", NOTIFICATION, query={"c": words("push", "email", "sms")}),
    *onesignal("POST /apps/{app_id}/users", ONESIGNAL_USER),
    *onesignal("GET /apps/{app_id}/users/by/{label}/{id}"),
    *onesignal("PATCH /apps/{app_id}/users/by/{label}/{id}", ONESIGNAL_USER),
    *onesignal("DELETE /apps/{app_id}/users/by/{label}/{id}"),
    *onesignal("PUT /apps/{app_id}/users/{external_id}", fields({"tags": FREE}, {"app_id": NAME})),
    *onesignal("POST /players", fields({"app_id": NAME, "device_type": WHOLE}, {
        "identifier": NAME, "external_user_id": NAME, "tags": FREE, "language": TEXT})),
    *onesignal("DELETE /players/{id}", query={"app_id": NAME}, needs=("app_id",)),
    *onesignal("GET /apps/{app_id}"),
]  # fmt: skip

TOOTED = fields({}, {
    "status": {"type": "string", "minLength": 1, "maxGraphemes": TOOT}, "media_ids": many(NAME, 4), "poll": FREE,
    "in_reply_to_id": NAME, "sensitive": FLAG, "spoiler_text": TEXT,
    "language": {"pattern": "^[a-z]{2,3}(-[A-Za-z]+)?$"},
    "visibility": words("public", "unlisted", "private", "direct"), "scheduled_at": WHEN, "quoted_status_id": NAME,
    "quote_approval_policy": words("public", "followers", "nobody"),
}, **some_of("status", "media_ids", "poll"))  # fmt: skip
PAGED: dict[str, Node] = {"limit": WHOLE, "max_id": TEXT, "since_id": TEXT, "min_id": TEXT}
MASTODON = [
    operation("POST /api/v1/statuses", TOOTED, keys=[BEARER], medias=(JSON, FORM),
              headers=(Parameter("Idempotency-Key", "header", False, NAME),)),
    operation("GET /api/v1/statuses/{id}", keys=[BEARER]),
    operation("DELETE /api/v1/statuses/{id}", keys=[BEARER], query={"delete_media": FLAG}),
    operation("GET /api/v1/accounts/verify_credentials", keys=[BEARER]),
    operation("GET /api/v1/accounts/{id}/statuses", keys=[BEARER], query={
        **PAGED, "exclude_replies": FLAG, "exclude_reblogs": FLAG, "pinned": FLAG, "only_media": FLAG, "tagged": TEXT}),
    operation("GET /api/v1/scheduled_statuses", keys=[BEARER], query=PAGED),
    operation("DELETE /api/v1/scheduled_statuses/{id}", keys=[BEARER]),
    operation("GET /api/v2/instance", keys=[]),
]  # fmt: skip
