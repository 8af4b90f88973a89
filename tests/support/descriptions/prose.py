"""What vendors say in prose alone: limits of size, and whole APIs that are published without a description."""

from dataclasses import dataclass
from typing import Any

from support.descriptions import ads, messaging, open_bodies, outdated, selfhosted
from support.descriptions.hubspot import OPERATIONS as HUBSPOT
from support.descriptions.operation import Operation

BY_HAND: dict[str, list[Operation]] = {
    "hubspot": HUBSPOT, "meta": ads.META, "linkedin": ads.LINKEDIN, "iterable": messaging.ITERABLE,
    "customerio": messaging.CUSTOMERIO, "onesignal": messaging.ONESIGNAL, "mastodon": messaging.MASTODON,
    "activecampaign": selfhosted.ACTIVECAMPAIGN, "mautic": selfhosted.MAUTIC, "listmonk": selfhosted.LISTMONK,
    "salesforce": open_bodies.SALESFORCE, "braze": open_bodies.BRAZE,
    "slack": outdated.SLACK, "mailgun": outdated.MAILGUN,
}  # fmt: skip
WITH_DOCUMENTS = {
    "salesforce",
    "braze",
    "slack",
    "mailgun",
}  # described by hand in part: absent documents leave too little
MB = 1_000_000


@dataclass(frozen=True)
class Limit:
    """`at` is a JSON pointer into the body, `*` for every item; "" is the body, whose `bytes` are those on the wire."""

    operation: str
    at: str
    most: int
    source: str
    keyword: str = "maxItems"  # of JSON Schema, or bytes: of the whole body; partBytes: of each item there


def items(operation: str, at: str, most: int, source: str) -> Limit:
    return Limit(operation, at, most, source)


def size(operation: str, most: int, source: str) -> Limit:
    return Limit(operation, "", most, source, "bytes")


def klaviyo() -> list[Limit]:
    source = "the description's prose"
    jobs, members = "POST /api/profile-", "/data/attributes/profiles/data"
    return [
        items(f"{jobs}bulk-import-jobs", members, 10_000, source),
        size(f"{jobs}bulk-import-jobs", 5 * MB, source),
        Limit(f"{jobs}bulk-import-jobs", members, 100_000, source, "partBytes"),
        items("POST /api/lists/{id}/relationships/profiles", "/data", 1_000, source),
        items("DELETE /api/lists/{id}/relationships/profiles", "/data", 1_000, source),
        items(f"{jobs}subscription-bulk-create-jobs", members, 1_000, source),
        items(f"{jobs}subscription-bulk-delete-jobs", members, 100, source),
        items(f"{jobs}suppression-bulk-create-jobs", members, 100, source),
        items(f"{jobs}suppression-bulk-delete-jobs", members, 100, source),
        items("POST /api/event-bulk-create-jobs", "/data/attributes/events-bulk-create/data", 1_000, source),
        size("POST /api/event-bulk-create-jobs", 5 * MB, source),
        size("POST /api/profile-import", 100_000, source),
    ]


def google() -> list[Limit]:
    source = "developers.google.com/data-manager, limits"
    members, identifiers = "/audienceMembers", "/audienceMembers/*/userData/userIdentifiers"
    return [
        *(items(f"POST /v1/audienceMembers:{verb}", members, 10_000, source) for verb in ("ingest", "remove")),
        *(items(f"POST /v1/audienceMembers:{verb}", identifiers, 10, source) for verb in ("ingest", "remove")),
        items("POST /v1/events:ingest", "/events", 2_000, source),
        *(items(f"POST /v1/{what}", "/destinations", 10, source)
          for what in ("audienceMembers:ingest", "audienceMembers:remove", "events:ingest")),
    ]  # fmt: skip


LIMITS: dict[str, list[Limit]] = {
    "klaviyo": klaviyo(),
    "google": google(),
    "mailchimp": [items("POST /3.0/lists/{list_id}", "/members", 500, "mailchimp.com/developer, batch subscribe")],
    "marketo": [
        items("POST /rest/v1/leads.json", "/input", 300, "experienceleague.adobe.com, Marketo lead database"),
        items("POST /rest/v1/lists/{listId}/leads.json", "/input", 300, "the description's prose"),
        items("DELETE /rest/v1/lists/{listId}/leads.json", "/input", 300, "the description's prose"),
        items("POST /rest/v1/campaigns/{campaignId}/trigger.json", "/input/leads", 100, "experienceleague.adobe.com"),
    ],
    "sendgrid": [size("PUT /v3/marketing/contacts", 6 * MB, "the description's prose; 30,000 stands in its schema")],
    "mailgun": [
        *(items(f"POST /v3/{{domain_name}}/{what}", "", 1_000, "the description's prose")
          for what in ("bounces", "unsubscribes", "complaints")),
        Limit("POST /v3/{domain_name}/messages", "/to", 1_000, "documentation.mailgun.com, batch sending", "maxListed"),
    ],
    "braze": [size(f"POST {path}", 4 * MB, "channels.md") for path in ("/users/track", "/users/delete")],
    "salesforce": [size("PUT /services/data/v{version}/jobs/ingest/{jobId}/batches", 150 * MB,
                        "developer.salesforce.com")],
    "iterable": [size(f"POST /api/{path}", 4 * MB, "support.iterable.com, API request limits") for path in (
        "users/bulkUpdate", "events/trackBulk", "lists/subscribe")],
    "customerio": [
        size("POST /api/v2/batch", 500_000, "docs.customer.io, Track v2"),
        Limit("POST /api/v2/batch", "/batch", 32_000, "docs.customer.io, Track v2", "partBytes"),
        size("POST /api/v2/entity", 32_000, "docs.customer.io, Track v2"),
    ],
    "activecampaign": [size("POST /api/3/import/bulk_import", 400_000, "developers.activecampaign.com, bulk import")],
}  # fmt: skip


def limit(vendor: str, operations: list[Operation]) -> None:
    """Give each operation its limits; fails on a limit whose operation no longer stands in the vendor's description."""
    routes: dict[str, list[Operation]] = {}
    for one in operations:
        routes.setdefault(f"{one.method} {one.template}", []).append(one)
    folder, _, part = vendor.partition("/")  # of a vendor's documents only those that begin so: `google/fcm`
    for one_limit in LIMITS.get(folder, []):
        for one in routes.get(one_limit.operation, []) if part else routes[one_limit.operation]:
            if one_limit.keyword == "bytes":
                one.most_bytes = one_limit.most
            elif one_limit.keyword == "partBytes":
                one.part_bytes.append((one_limit.at, one_limit.most))
            else:
                one.limits.append(nested(one_limit.at, {one_limit.keyword: one_limit.most}))


def nested(pointer: str, keywords: dict[str, Any]) -> dict[str, Any]:
    """A schema that says this of one place and nothing of any other."""
    for part in reversed(pointer.split("/")[1:]):
        keywords = {"items": keywords} if part == "*" else {"properties": {part: keywords}}
    return keywords
