"""HubSpot, whose licence forbids the use of its description: from its documentation, its SDK's models and the
recordings.
"""

from support.descriptions.by_hand import (
    ANY,
    BEARER,
    EMAIL,
    FLAG,
    NAME,
    TEXT,
    WHEN,
    WHOLE,
    Node,
    fields,
    many,
    operation,
    some_of,
    words,
)  # fmt: skip

KEYS = [BEARER]
BATCH = 100  # developers.hubspot.com: records in one batch request
EVENTS = 500  # the same: event completions in one batch
MEMBERSHIPS = 100_000  # the same: records added to or removed from a list at once
VALUE: Node = {"type": ["string", "null"]}  # null empties a property: recorded, though the documentation says text
PROPERTIES: Node = {"type": "object", "additionalProperties": VALUE}
TRACE: dict[str, Node] = {"objectWriteTraceId": TEXT}
CHANNEL = words("EMAIL", "WHATSAPP", "SMS")
LEGAL = words(
    "LEGITIMATE_INTEREST_PQL", "LEGITIMATE_INTEREST_CLIENT", "PERFORMANCE_OF_CONTRACT", "CONSENT_WITH_NOTICE",
    "NON_GDPR", "PROCESS_AND_STORE", "LEGITIMATE_INTEREST_OTHER",
)  # fmt: skip
ASSOCIATION = fields(
    {"to": fields({"id": NAME}), "types": many(fields({"associationCategory": TEXT, "associationTypeId": WHOLE}))}
)
FILTER = fields(
    {"propertyName": NAME, "operator": NAME}, {"value": TEXT, "values": many(TEXT), "highValue": TEXT}
)  # fmt: skip
SEARCH = fields({}, {
    "filterGroups": many(fields({"filters": many(FILTER, 6)}), 5), "properties": many(TEXT, least=0), "query": TEXT,
    "sorts": many(ANY, least=0), "limit": {"type": "integer", "maximum": 200}, "after": ANY,
})  # fmt: skip
STATUS = fields(
    {"subscriberIdString": NAME, "channel": CHANNEL, "subscriptionId": WHOLE,
     "statusState": words("SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED")},
    {"legalBasis": LEGAL, "legalBasisExplanation": TEXT},
)  # fmt: skip
EVENT = fields(
    {"eventName": NAME},
    {"email": EMAIL, "objectId": TEXT, "utk": TEXT, "occurredAt": WHEN, "properties": PROPERTIES, "uuid": TEXT},
    **some_of("email", "objectId", "utk"),
)


def batch(item: Node, most: int = BATCH) -> Node:
    return fields({"inputs": many(item, most)})


OBJECTS = "/crm/v3/objects/{objectType}"
IDS = batch(fields({"id": NAME}))
OPERATIONS = [
    # The SDK leaves idProperty optional; without it no new record can be named, which is what an upsert is for.
    operation(f"POST {OBJECTS}/batch/upsert",
              batch(fields({"id": NAME, "idProperty": NAME, "properties": PROPERTIES}, TRACE)), keys=KEYS),
    operation(f"POST {OBJECTS}/batch/create",
              batch(fields({"properties": PROPERTIES}, {"associations": many(ASSOCIATION, least=0), **TRACE})),
              keys=KEYS),
    operation(f"POST {OBJECTS}/batch/update",
              batch(fields({"id": NAME, "properties": PROPERTIES}, {"idProperty": NAME, **TRACE})), keys=KEYS),
    operation(f"POST {OBJECTS}/batch/read", fields(
        {"inputs": many(fields({"id": NAME}), BATCH), "properties": many(TEXT, least=0)},
        {"idProperty": NAME, "propertiesWithHistory": many(TEXT, least=0)}), query={"archived": FLAG}, keys=KEYS),
    operation(f"POST {OBJECTS}/batch/archive", IDS, keys=KEYS),
    operation(f"POST {OBJECTS}/search", SEARCH, keys=KEYS),
    operation("POST /crm/v3/objects/contacts/gdpr-delete", fields({"objectId": NAME}, {"idProperty": NAME}), keys=KEYS),
    operation("PUT /crm/v3/lists/{listId}/memberships/add-and-remove", fields(
        {"recordIdsToAdd": many(NAME, MEMBERSHIPS, 0), "recordIdsToRemove": many(NAME, MEMBERSHIPS, 0)}), keys=KEYS),
    operation("POST /communication-preferences/v4/statuses/batch/write", batch(STATUS), keys=KEYS),
    operation("POST /communication-preferences/v4/statuses/batch/read", batch(NAME), keys=KEYS,
              query={"channel": CHANNEL, "businessUnitId": WHOLE}, needs=("channel",)),
    operation("POST /events/v3/send/batch", batch(EVENT, EVENTS), keys=KEYS),
    operation("GET /account-info/v3/details", keys=KEYS),
]  # fmt: skip
