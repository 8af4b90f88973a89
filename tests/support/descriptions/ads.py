"""Meta's Graph API and LinkedIn's DMP segments, from their documentation and the recordings."""

from typing import Any

from support.descriptions.by_hand import (
    ANY,
    BEARER,
    FLAG,
    FORM,
    FREE,
    JSON,
    NAME,
    SHA256,
    TEXT,
    WHOLE,
    Node,
    by,
    fields,
    header,
    many,
    operation,
    words,
)  # fmt: skip
from support.descriptions.operation import Operation, Parameter

ROWS = 10_000  # developers.facebook.com, custom audience users: rows in one request
META_EVENTS = 1_000  # developers.facebook.com, conversions API: events in one request
LINKEDIN_USERS = 5_000  # learn.microsoft.com/linkedin, DMP segment users: elements in one batch
PLAIN = {"MADID", "EXTERN_ID", "LOOKALIKE_VALUE", "PAGEUID", "APPUID"}  # sent as they are; everything else hashed
HASHED = {"EMAIL", "PHONE", "GEN", "DOBY", "DOBM", "DOBD", "LN", "FN", "FI", "CT", "ST", "ZIP", "COUNTRY"}

TOKEN = [BEARER, [Parameter("access_token", "query")], [Parameter("access_token", "body")]]
VERSION = {"version": {"type": "string", "pattern": r"^v[0-9]+\.[0-9]+$"}}
PAYLOAD = fields({
    "schema": {"anyOf": [many(words(*sorted(PLAIN | HASHED))), words(*sorted(PLAIN | HASHED))]},
    "data": many(ANY, ROWS),
}, {"is_raw": FLAG}, matchKeys={"hashed": sorted(HASHED)})  # fmt: skip
SESSION = fields({"session_id": WHOLE, "batch_seq": WHOLE, "last_batch_flag": FLAG}, {"estimated_num_total": WHOLE})
HASHES: Node = {"anyOf": [SHA256, many(SHA256)]}
TEXTS: Node = {"anyOf": [TEXT, many(TEXT)]}
USER_DATA = fields({}, {
    **dict.fromkeys(("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country"), HASHES),
    **dict.fromkeys(("client_ip_address", "client_user_agent", "fbc", "fbp", "subscription_id", "lead_id",
                     "fb_login_id", "madid", "anon_id", "page_id", "page_scoped_user_id", "ctwa_clid"), ANY),
    "external_id": TEXTS,
}, minProperties=1)  # fmt: skip
META_EVENT = fields({
    "event_name": NAME, "event_time": WHOLE, "user_data": USER_DATA,
    "action_source": words("email", "website", "app", "phone_call", "chat", "physical_store", "system_generated",
                           "business_messaging", "other"),
}, {
    "custom_data": FREE, "event_source_url": TEXT, "event_id": NAME, "opt_out": FLAG, "referrer_url": TEXT,
    "data_processing_options": many(TEXT, least=0), "data_processing_options_country": WHOLE,
    "data_processing_options_state": WHOLE, "app_data": FREE,
})  # fmt: skip


def meta(route: str, body: Node | None = None, **more: Any) -> Operation:
    method, path = route.split(" ")
    query = {"access_token": TEXT, **more.pop("query", {})}
    return operation(f"{method} /{{version}}{path}", body, keys=TOKEN, places=VERSION, query=query,
                     medias=(JSON, FORM, "multipart/form-data"), **more)  # fmt: skip


SENT_TOKEN: dict[str, Node] = {"access_token": TEXT}
META = [
    meta("POST /{audience}/users", fields({"payload": PAYLOAD}, {"session": SESSION, **SENT_TOKEN})),
    meta("DELETE /{audience}/users", fields({"payload": PAYLOAD}, {"session": SESSION, **SENT_TOKEN}),
         query={"payload": PAYLOAD}, body_required=False),
    meta("POST /{audience}/usersreplace", fields({"payload": PAYLOAD, "session": SESSION}, SENT_TOKEN)),
    meta("POST /{pixel}/events", fields({"data": many(META_EVENT, META_EVENTS)}, {
        **SENT_TOKEN, **dict.fromkeys(("test_event_code", "partner_agent", "namespace_id", "upload_id", "upload_tag",
                                       "upload_source"), TEXT)})),
    meta("GET /{audience}", query={"fields": TEXT}),
    meta("DELETE /{audience}"),
    meta("POST /{account}/customaudiences", fields({"name": NAME, "subtype": NAME}, {
        "description": TEXT, "customer_file_source": NAME, "retention_days": WHOLE, **SENT_TOKEN})),
]  # fmt: skip

URN: Node = {"type": "string", "pattern": "^urn:li:sponsoredAccount:[0-9]+$"}
ID = {"idType": NAME, "idValue": NAME}
USER_ID = {**fields(ID), **by("idType", **{
    "SHA256_EMAIL": {"properties": {"idValue": SHA256}},
    "SHA512_EMAIL": {"properties": {"idValue": {"pattern": "^[0-9a-f]{128}$"}}},
    "GOOGLE_AID": {}, "ACXIOM_ID": {}, "ORACLE_MOAT_ID": {},
})}  # fmt: skip
ELEMENT = fields({"action": words("ADD", "REMOVE"), "userIds": many(USER_ID)},
                 {"firstName": TEXT, "lastName": TEXT, "title": TEXT, "company": TEXT, "country": TEXT})  # fmt: skip
VERSIONED = (
    header("LinkedIn-Version", {"pattern": "^20[0-9]{4}$"}),
    header("X-Restli-Protocol-Version", words("2.0.0")),
)
LINKEDIN = [
    operation("POST /rest/dmpSegments", fields({
        "name": NAME, "sourcePlatform": NAME, "account": URN, "accessPolicy": words("PRIVATE"),
        "type": words("USER", "COMPANY", "USER_LIST_UPLOAD", "COMPANY_LIST_UPLOAD"),
        "destinations": many(fields({"destination": words("LINKEDIN")})),
    }, {"description": TEXT, "sourceSegmentId": NAME}), keys=[BEARER], headers=VERSIONED),
    operation("POST /rest/dmpSegments/{id}/users", fields({"elements": many(ELEMENT, LINKEDIN_USERS)}), keys=[BEARER],
              headers=(*VERSIONED, header("X-RestLi-Method", words("BATCH_CREATE")))),
    operation("GET /rest/dmpSegments/{id}", keys=[BEARER], headers=VERSIONED),
    operation("GET /rest/dmpSegments", keys=[BEARER], headers=VERSIONED, needs=("q", "account"),
              query={"q": words("account"), "account": URN, "start": WHOLE, "count": WHOLE, "sourceSegmentId": TEXT}),
]  # fmt: skip
