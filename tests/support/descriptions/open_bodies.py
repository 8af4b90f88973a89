"""Bodies that the documents leave open: Salesforce's (Postman shows samples) and Braze's (its
collection types none).
"""

from support.descriptions.by_hand import (
    BEARER,
    EMAIL,
    FLAG,
    FREE,
    NAME,
    TEXT,
    WHEN,
    Node,
    fields,
    many,
    operation,
    some_of,
    words,
)  # fmt: skip
from support.descriptions.operation import Operation

DATA = "/services/data/v{version}"
RECORDS = 200  # developer.salesforce.com, sObject collections: records in one request
RECORD = fields({"attributes": fields({"type": NAME}, {"url": TEXT})}, additionalProperties=True)
RECORD_WITH_ID = {**RECORD, "properties": {**RECORD["properties"], "id": NAME}}
ALL: dict[str, Node] = {"allOrNone": FLAG}
IDS: Node = {"type": "string", "pattern": "^[A-Za-z0-9]{15,18}(,[A-Za-z0-9]{15,18}){0,199}$"}
JOB = fields({"object": NAME, "operation": words("insert", "update", "upsert", "delete", "hardDelete")}, {
    "externalIdFieldName": NAME, "contentType": words("CSV"), "lineEnding": words("LF", "CRLF"),
    "columnDelimiter": words("COMMA", "BACKQUOTE", "CARET", "PIPE", "SEMICOLON", "TAB"), "assignmentRuleId": NAME,
}, anyOf=[{"required": ["externalIdFieldName"]}, {"properties": {"operation": {"not": words("upsert")}}}])  # fmt: skip
SALESFORCE = [
    operation(f"POST {DATA}/jobs/ingest", JOB, keys=[BEARER]),
    operation(f"PATCH {DATA}/jobs/ingest/{{jobId}}", fields({"state": words("UploadComplete", "Aborted")}),
              keys=[BEARER]),
    operation(f"PUT {DATA}/jobs/ingest/{{jobId}}/batches", {}, keys=[BEARER], medias=("text/csv",)),
    operation(f"GET {DATA}/jobs/ingest/{{jobId}}/unprocessedrecords", keys=[BEARER]),
    operation(f"POST {DATA}/composite/sobjects", fields({"records": many(RECORD, RECORDS)}, ALL), keys=[BEARER]),
    operation(f"PATCH {DATA}/composite/sobjects", fields({"records": many(RECORD_WITH_ID, RECORDS)}, ALL),
              keys=[BEARER]),
    operation(f"PATCH {DATA}/composite/sobjects/{{sobject}}/{{externalIdField}}",
              fields({"records": many(RECORD, RECORDS)}, ALL), keys=[BEARER]),
    operation(f"DELETE {DATA}/composite/sobjects", keys=[BEARER], query={"ids": IDS, **ALL}, needs=("ids",)),
    operation(f"POST {DATA}/sobjects/{{sobject}}", FREE, keys=[BEARER]),
    operation(f"PATCH {DATA}/sobjects/{{sobject}}/{{field}}/{{value}}", FREE, keys=[BEARER]),
    operation(f"DELETE {DATA}/sobjects/{{sobject}}/{{id}}", keys=[BEARER]),
    operation(f"GET {DATA}/query", keys=[BEARER], query={"q": NAME}, needs=("q",)),
    operation(f"GET {DATA}/limits", keys=[BEARER]),
]  # fmt: skip

OBJECTS = 75  # braze.com/docs, /users/track: objects of each kind in one request
USERS = 50  # braze.com/docs, /users/delete and /v2/subscription/status/set: users in one request
ALIAS = fields({"alias_name": NAME, "alias_label": NAME})
WHO: dict[str, Node] = {"external_id": NAME, "user_alias": ALIAS, "braze_id": NAME, "email": EMAIL, "phone": NAME}
KNOWN_PERSON = some_of(*WHO)
FLAGS: dict[str, Node] = {"_update_existing_only": FLAG, "app_id": TEXT, "properties": FREE}
EXTERNAL_IDS = many(NAME, USERS)
GROUP = fields({"subscription_group_id": NAME, "subscription_state": words("subscribed", "unsubscribed")}, {
    "external_ids": EXTERNAL_IDS, "emails": many(EMAIL, USERS), "phones": many(NAME, USERS),
    "use_double_opt_in_logic": FLAG}, **some_of("external_ids", "emails", "phones"))  # fmt: skip


def braze(path: str, body: Node) -> Operation:
    return operation(f"POST {path}", body, keys=[BEARER])


BRAZE = [
    braze("/users/track", fields({}, {
        "attributes": many(fields({}, WHO, additionalProperties=True, **KNOWN_PERSON), OBJECTS),
        "events": many(fields({"name": NAME, "time": WHEN}, {**WHO, **FLAGS}, **KNOWN_PERSON), OBJECTS),
        "purchases": many(fields({
            "product_id": NAME, "currency": {"pattern": "^[A-Z]{3}$"}, "price": {"type": "number"}, "time": WHEN,
        }, {"quantity": {"type": "integer", "minimum": 1, "maximum": 100}, **WHO, **FLAGS}, **KNOWN_PERSON), OBJECTS),
        "partner": TEXT,
    }, **some_of("attributes", "events", "purchases"))),
    braze("/users/delete", fields({}, {
        "external_ids": EXTERNAL_IDS, "braze_ids": many(NAME, USERS), "user_aliases": many(ALIAS, USERS),
        "email_addresses": many(FREE, USERS),
    }, **some_of("external_ids", "braze_ids", "user_aliases", "email_addresses"))),
    braze("/users/export/ids", fields({}, {
        "external_ids": EXTERNAL_IDS, "user_aliases": many(ALIAS, USERS), "device_id": NAME, "braze_id": NAME,
        "email_address": EMAIL, "phone": NAME, "fields_to_export": many(NAME),
    })),
    braze("/v2/subscription/status/set", fields({"subscription_groups": many(GROUP)})),
]  # fmt: skip
