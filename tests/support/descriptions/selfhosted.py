"""ActiveCampaign, Mautic and listmonk, from their documentation."""

from support.descriptions.by_hand import (
    BASIC,
    BEARER,
    EMAIL,
    FLAG,
    FREE,
    NAME,
    TEXT,
    WHOLE,
    Node,
    fields,
    many,
    operation,
    words,
)  # fmt: skip
from support.descriptions.operation import Parameter

IMPORT = 250  # developers.activecampaign.com, bulk import: contacts in one request
MAUTIC_BATCH = 200  # Mautic's setting api_batch_max_limit, as it comes

TOKEN = [[Parameter("Api-Token", "header")]]
ID: Node = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]}
CONTACT = fields({"email": EMAIL}, {
    "firstName": TEXT, "lastName": TEXT, "phone": TEXT, "orgname": TEXT, "deleted": FLAG,
    "fieldValues": many(fields({"field": ID, "value": {"type": ["string", "array"]}}), least=0),
})  # fmt: skip
MEMBERSHIPS = many(fields({"listid": ID}), least=0)
IMPORTED = fields({"email": EMAIL}, {
    "first_name": TEXT, "last_name": TEXT, "phone": TEXT, "customer_acct_name": TEXT, "tags": many(TEXT, least=0),
    "fields": many(fields({"id": ID, "value": TEXT}), least=0), "subscribe": MEMBERSHIPS, "unsubscribe": MEMBERSHIPS,
})  # fmt: skip
CALLBACK = fields({"url": NAME}, {
    "requestType": words("GET", "POST"), "detailed_results": words("true", "false"),
    "params": many(FREE, least=0), "headers": many(FREE, least=0),
})  # fmt: skip
PAGED: dict[str, Node] = {"limit": {"type": "integer", "maximum": 100}, "offset": WHOLE}
ACTIVECAMPAIGN = [
    operation("POST /api/3/contact/sync", fields({"contact": CONTACT}), keys=TOKEN),
    operation("GET /api/3/contacts", keys=TOKEN, query={
        **PAGED, "email": TEXT, "email_like": TEXT, "search": TEXT, "listid": WHOLE, "status": WHOLE, "ids": TEXT,
        "id_greater": WHOLE}),
    operation("GET /api/3/contacts/{id}", keys=TOKEN),
    operation("DELETE /api/3/contacts/{id}", keys=TOKEN),
    operation("POST /api/3/contactLists", fields({"contactList": fields(
        {"list": ID, "contact": ID, "status": words(1, 2, "1", "2")}, {"sourceid": ID, "unsubscribeReason": TEXT})}),
        keys=TOKEN),
    operation("POST /api/3/import/bulk_import", fields({"contacts": many(IMPORTED, IMPORT)}, {
        "callback": CALLBACK, "exclude_automations": FLAG}), keys=TOKEN),
    operation("GET /api/3/import/bulk_import", keys=TOKEN),
    operation("GET /api/3/import/info", keys=TOKEN, query={"batchId": NAME}, needs=("batchId",)),
    operation("GET /api/3/lists", keys=TOKEN, query={**PAGED, "filters[name]": TEXT}),
    operation("GET /api/3/users/me", keys=TOKEN),
]  # fmt: skip

KEYS = [BASIC, BEARER]
VALUE: Node = {"type": ["string", "number", "boolean", "null", "array"]}
PERSON: Node = {"type": "object", "additionalProperties": VALUE, "minProperties": 1}
SAVED: Node = {**PERSON, "properties": {"id": ID}, "required": ["id"], "minProperties": 2}
QUERY: dict[str, Node] = {
    "search": TEXT, "start": WHOLE, "limit": WHOLE, "orderBy": TEXT, "orderByDir": words("asc", "desc"),
    "publishedOnly": WHOLE, "minimal": TEXT,
}  # fmt: skip
CHANNEL = "/api/contacts/{id}/dnc/{channel}"
MAUTIC = [
    operation("GET /api/contacts", keys=KEYS, query=QUERY),
    operation("GET /api/contacts/{id}", keys=KEYS, places={"id": ID}),
    operation("POST /api/contacts/new", PERSON, keys=KEYS),
    operation("POST /api/contacts/batch/new", many(PERSON, MAUTIC_BATCH), keys=KEYS),
    operation("PATCH /api/contacts/batch/edit", many(SAVED, MAUTIC_BATCH), keys=KEYS),
    operation("PUT /api/contacts/batch/edit", many(SAVED, MAUTIC_BATCH), keys=KEYS),
    operation("DELETE /api/contacts/batch/delete", keys=KEYS, query={"ids": TEXT}, needs=("ids",)),
    operation("DELETE /api/contacts/{id}/delete", keys=KEYS, places={"id": ID}),
    operation(f"POST {CHANNEL}/add", fields({}, {"reason": words(1, 2, 3), "channelId": WHOLE, "comments": TEXT}),
              keys=KEYS, body_required=False),
    operation(f"POST {CHANNEL}/remove", keys=KEYS),
    operation("GET /api/segments", keys=KEYS, query=QUERY),
    operation("POST /api/segments/{id}/contacts/add", fields({"ids": many(ID)}), keys=KEYS, places={"id": ID}),
    operation("POST /api/segments/{id}/contact/{contact}/add", keys=KEYS, places={"id": ID, "contact": ID}),
    operation("POST /api/segments/{id}/contact/{contact}/remove", keys=KEYS, places={"id": ID, "contact": ID}),
]  # fmt: skip

LISTMONK_KEYS = [BASIC, [Parameter("authorization", "header", schema={"prefix": "token "})]]
LISTS = many(WHOLE, least=0)
SUBSCRIBER = {"email": EMAIL, "name": TEXT, "status": words("enabled", "disabled", "blocklisted")}
MORE: dict[str, Node] = {"lists": LISTS, "attribs": FREE, "preconfirm_subscriptions": FLAG}
CHANGE = fields({"ids": many(WHOLE), "action": words("add", "remove", "unsubscribe"), "target_list_ids": many(WHOLE)},
                {"status": words("confirmed", "unconfirmed", "unsubscribed")})  # fmt: skip
# The status is asked for where somebody is added; the other two actions have none.
CHANGE = {**CHANGE, "anyOf": [{"required": ["status"]}, {"properties": {"action": words("remove", "unsubscribe")}}]}
PAGES: dict[str, Node] = {
    "page": WHOLE,
    "per_page": TEXT,
    "query": TEXT,
    "order_by": TEXT,
    "order": words("ASC", "DESC", "asc", "desc"),
}
LISTMONK = [
    operation("GET /api/subscribers", keys=LISTMONK_KEYS, query={
        **PAGES, "list_id": LISTS, "subscription_status": TEXT, "search": TEXT}),
    operation("GET /api/subscribers/{id}", keys=LISTMONK_KEYS, places={"id": WHOLE}),
    operation("POST /api/subscribers", fields(SUBSCRIBER, MORE), keys=LISTMONK_KEYS),
    # Without its lists a subscriber is taken off all of them: the documentation asks for every field.
    operation("PUT /api/subscribers/{id}", fields({**SUBSCRIBER, "lists": LISTS}, MORE), keys=LISTMONK_KEYS,
              places={"id": WHOLE}),
    operation("PATCH /api/subscribers/{id}", fields({}, {**SUBSCRIBER, **MORE}), keys=LISTMONK_KEYS,
              places={"id": WHOLE}),
    operation("DELETE /api/subscribers/{id}", keys=LISTMONK_KEYS, places={"id": WHOLE}),
    operation("DELETE /api/subscribers", keys=LISTMONK_KEYS, query={"id": many(WHOLE)}, needs=("id",)),
    operation("PUT /api/subscribers/lists", CHANGE, keys=LISTMONK_KEYS),
    operation("PUT /api/subscribers/blocklist", fields({"ids": many(WHOLE)}), keys=LISTMONK_KEYS),
    operation("PUT /api/subscribers/{id}/blocklist", keys=LISTMONK_KEYS, places={"id": WHOLE}),
    operation("GET /api/lists", keys=LISTMONK_KEYS,
              query={**PAGES, "status": TEXT, "tag": many(TEXT), "minimal": FLAG}),
    operation("GET /api/health", keys=[]),
]  # fmt: skip
