"""Where a document is known to be wrong about its own server, or leaves a rule to its prose: the change, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from support.descriptions.operation import Operation
from support.descriptions.schema import Schemas

RECORDED = "the recorded server answers 2xx to requests of this kind"
DATA_MANAGER = "developers.google.com/data-manager says so; the discovery document says nothing"

HASHED = {
    "type": "string",
    "pattern": "^([0-9a-fA-F]{64}|[A-Za-z0-9+/]{43}=)$",
}  # SHA-256 in hex or base64, unencrypted


@dataclass(frozen=True)
class Mend:
    """`at` is a reference into the document (`#/…`), or an operation, whose body's schema is then meant."""

    at: str
    change: dict[str, Any]
    reason: str


def needed(schema: str, *fields: str, **more: Any) -> Mend:
    return Mend(f"#/schemas/{schema}", {"required": list(fields), **more}, DATA_MANAGER)


MENDS: dict[str, list[Mend]] = {
    "mailchimp": [
        Mend("PUT /3.0/lists/{list_id}/members/{subscriber_hash}", {"required": []},
             f"{RECORDED}: a known member needs neither email_address nor status_if_new"),
    ],
    "marketo": [
        Mend("#/definitions/Lead", {"additionalProperties": True},
             "the prose says so: any number of other fields, as the instance has them"),
        Mend("DELETE /rest/v1/lists/{listId}/leads.json", {"body_required": False},
             f"{RECORDED}: the ids stand in the query, and the document asks for both"),
    ],
    "sendgrid": [
        Mend("#/components/schemas/ContactRequest/properties/custom_fields", {"additionalProperties": True},
             "the one field shown is an example: the ids are the account's own"),
        Mend("#/components/schemas/ContactRequest/properties", {"phone_number": {"type": "string"}},
             f"{RECORDED}: phone_number is a reserved field, left out of the document"),
    ],
    "intercom": [
        Mend("#/components/schemas/update_contact_request/properties/email", {"nullable": True},
             f"{RECORDED}: null empties the address, as it does the phone and the name"),
    ],
    "mailgun": [
        Mend("#/components/schemas/POST-v3-domain_name-messages-multipart-form-data-RequestBody",
             {"additionalProperties": False, "patternProperties": {"^[hv]:.+": {}}},
             "the document takes any field; the prose knows headers (h:) and variables (v:) of one's own, and no "
             "others"),
        Mend("POST /v3/{domain_name}/messages", {"medias": ["application/x-www-form-urlencoded"]},
             "documentation.mailgun.com: multipart is needed for attachments alone"),
    ],
    "google": [
        needed("IngestAudienceMembersRequest", "destinations", "audienceMembers"),
        needed("RemoveAudienceMembersRequest", "destinations", "audienceMembers"),
        needed("IngestEventsRequest", "destinations", "events"),
        needed("Destination", "operatingAccount", "productDestinationId"),
        needed("ProductAccount", "accountId"),
        needed("UserData", "userIdentifiers"),
        needed("UserIdentifier", minProperties=1, maxProperties=1),
        Mend("#/schemas/UserIdentifier/properties", {"emailAddress": HASHED, "phoneNumber": HASHED}, DATA_MANAGER),
        Mend("#/schemas/AddressInfo/properties", {"givenName": HASHED, "familyName": HASHED}, DATA_MANAGER),
        needed("AddressInfo", "givenName", "familyName", "regionCode", "postalCode"),
    ],
}  # fmt: skip
HEADERS = {"tiktok": {"Access-Token"}}  # its documents say query; its SDK and its documentation send a header
LEFT_OUT = {"slack": {("header", "token"), ("query", "token")}}  # the bearer token of its security scheme says the same
PREFIXES = {"klaviyo": "klaviyo-api-key "}  # its scheme is any key; the prose says how the header begins
UNTYPED = {"braze"}  # every body is a sample in a text: any JSON is taken where no body is written by hand


def mend_document(vendor: str, document: dict[str, Any]) -> None:
    for one in MENDS.get(vendor, []):
        if one.at.startswith("#/") and one.at.split("/")[1] in document:
            try:
                place = Schemas(document).at(one.at)
            except KeyError:  # another document of the same vendor
                continue
            place.update(one.change)


def mend_operations(vendor: str, operations: Iterable[Operation]) -> None:
    changes = {one.at: one.change for one in MENDS.get(vendor, []) if not one.at.startswith("#/")}
    for one in operations:
        change = changes.get(f"{one.method} {one.template}", {})
        one.body_required = change.get("body_required", one.body_required)
        one.bodies = {media: {**one.schemas.resolve(schema), **change} for media, schema in one.bodies.items()}
        one.bodies |= {media: next(iter(one.bodies.values())) for media in change.get("medias", [])}
        if vendor in UNTYPED:
            one.bodies = {"application/json": {}} if one.bodies else {}
        if vendor in PREFIXES:
            one.keys = [[replace(p, schema={"prefix": PREFIXES[vendor]}) for p in group] for group in one.keys]
        parameters = [replace(p, where="header") if p.name in HEADERS.get(vendor, ()) else p for p in one.parameters]
        one.parameters = [p for p in parameters if (p.where, p.name) not in LEFT_OUT.get(vendor, ())]
