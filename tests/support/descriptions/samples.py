"""A good request for each vendor's main operations, to be spoilt by the tests. Addresses and numbers are fiction."""

import json
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from support.descriptions.description import Description

JSON, FORM, API = "application/json", "application/x-www-form-urlencoded", "application/vnd.api+json"
BEARER, BASIC = {"Authorization": "Bearer token"}, {"Authorization": "Basic dTpw"}
KLAVIYO = {"Authorization": "Klaviyo-API-Key pk", "revision": "2026-07-15"}
LINKEDIN = {
    **BEARER,
    "LinkedIn-Version": "202606",
    "X-Restli-Protocol-Version": "2.0.0",
    "X-RestLi-Method": "BATCH_CREATE",
}
HASH, WHEN, EMAIL = "a" * 64, "2026-01-15T08:00:00Z", "person@example.com"


@dataclass(frozen=True)
class Sample:
    vendor: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=lambda: BEARER)
    query: dict[str, Any] = field(default_factory=dict)
    media: str = JSON

    def faults(self) -> list[str] | None:
        """None where the vendor's description is absent."""
        body = b"" if self.body is None else self.body if isinstance(self.body, bytes) else self.encoded()
        description = Description.load(self.vendor)
        return description and description.check(self.method, self.path, self.query, self.headers, body, self.media)

    def encoded(self) -> bytes:
        return (urlencode(self.body, doseq=True) if self.media == FORM else json.dumps(self.body)).encode()

    def with_body(self, pointer: str, value: Any) -> "Sample":
        """The same with one place of the body set; `...` takes it away."""
        body = deepcopy(self.body)
        *way, last = [int(p) if p.isdigit() else p for p in pointer.split("/")[1:]]
        place = body
        for part in way:
            place = place[part]
        if value is ...:
            del place[last]
        else:
            place[last] = value
        return replace(self, body=body)

    def times(self, pointer: str, number: int) -> "Sample":
        """The same with the first item of a list so many times; "" is the body itself."""
        place = self.body
        for part in pointer.split("/")[1:]:
            place = place[int(part) if part.isdigit() else part]
        rows = [place[0]] * number
        return self.with_body(pointer, rows) if pointer else replace(self, body=rows)


def klaviyo(kind: str, attributes: dict[str, Any], **relations: Any) -> dict[str, Any]:
    more = {"relationships": {name: {"data": data} for name, data in relations.items()}} if relations else {}
    return {"data": {"type": kind, "attributes": attributes, **more}}


PROFILES = {"profiles": {"data": [{"type": "profile", "attributes": {"email": EMAIL, "properties": {"score": 1}}}]}}
CONSENT = {"email": EMAIL, "subscriptions": {"email": {"marketing": {"consent": "SUBSCRIBED"}}}}
SUBSCRIBED = {"profiles": {"data": [{"type": "profile", "attributes": CONSENT}]}}
MEMBER = {"userData": {"userIdentifiers": [{"emailAddress": HASH}]}}
DESTINATION = {"operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "1"}, "productDestinationId": "2"}
AUDIENCE = {"destinations": [DESTINATION], "audienceMembers": [MEMBER], "encoding": "HEX"}
TOOT = {"$type": "app.bsky.feed.post", "text": "Hello", "createdAt": WHEN}
POST = {"repo": "shop.example.com", "collection": "app.bsky.feed.post", "record": TOOT}
ROWS = {"schema": ["EMAIL", "EXTERN_ID"], "data": [[HASH, "p1"]]}
VISIT = {"event_name": "Lead", "event_time": 1, "action_source": "website", "user_data": {"em": [HASH]}}
DATA = "/services/data/v60.0"
TWILIO = "/2010-04-01/Accounts/AC" + "0" * 32 + "/Messages.json"
SAMPLES = {
    "klaviyo import": Sample("klaviyo", "POST", "/api/profile-bulk-import-jobs", klaviyo(
        "profile-bulk-import-job", PROFILES, lists=[{"type": "list", "id": "L1"}]), KLAVIYO, media=API),
    "klaviyo subscribe": Sample("klaviyo", "POST", "/api/profile-subscription-bulk-create-jobs", klaviyo(
        "profile-subscription-bulk-create-job", SUBSCRIBED, list={"type": "list", "id": "L1"}), KLAVIYO, media=API),
    "klaviyo list": Sample("klaviyo", "POST", "/api/lists/L1/relationships/profiles",
                           {"data": [{"type": "profile", "id": "P1"}]}, KLAVIYO, media=API),
    "mailchimp batch": Sample("mailchimp", "POST", "/3.0/lists/l1", {
        "members": [{"email_address": EMAIL, "status": "subscribed", "merge_fields": {"FNAME": "A"}}],
        "update_existing": True}, BASIC),
    "mailchimp member": Sample("mailchimp", "PUT", "/3.0/lists/l1/members/" + "0" * 32, {
        "email_address": EMAIL, "status_if_new": "subscribed"}, BASIC),
    "salesforce job": Sample("salesforce", "POST", f"{DATA}/jobs/ingest", {
        "object": "Contact", "operation": "upsert", "externalIdFieldName": "Key__c", "lineEnding": "LF"}),
    "salesforce csv": Sample("salesforce", "PUT", f"{DATA}/jobs/ingest/750x/batches", b"Key__c\np1\n",
                             media="text/csv"),
    "salesforce records": Sample("salesforce", "PATCH", f"{DATA}/composite/sobjects/Contact/Key__c", {
        "allOrNone": False, "records": [{"attributes": {"type": "Contact"}, "Key__c": "p1"}]}),
    "marketo leads": Sample("marketo", "POST", "/rest/v1/leads.json", {
        "action": "createOrUpdate", "lookupField": "email", "input": [{"email": EMAIL, "score": 1}]}),
    "marketo trigger": Sample("marketo", "POST", "/rest/v1/campaigns/1/trigger.json",
                              {"input": {"leads": [{"id": 1}]}}),
    "braze track": Sample("braze", "POST", "/users/track", {
        "attributes": [{"external_id": "p1", "score": 1}],
        "events": [{"external_id": "p1", "name": "seen", "time": WHEN}]}),
    "braze delete": Sample("braze", "POST", "/users/delete", {"external_ids": ["p1"]}),
    "intercom contact": Sample("intercom", "POST", "/contacts", {"role": "user", "external_id": "p1", "email": EMAIL}),
    "sendgrid contacts": Sample("sendgrid", "PUT", "/v3/marketing/contacts", {
        "contacts": [{"email": EMAIL, "custom_fields": {"e1_T": "x"}}]}),
    "sendgrid mail": Sample("sendgrid", "POST", "/v3/mail/send", {
        "personalizations": [{"to": [{"email": EMAIL}]}], "from": {"email": EMAIL}, "subject": "Hello",
        "content": [{"type": "text/plain", "value": "Hello"}]}),
    "brevo list": Sample("brevo", "POST", "/v3/contacts/lists/1/contacts/add", {"emails": [EMAIL]}, {"api-key": "k"}),
    "mailgun message": Sample("mailgun", "POST", "/v3/mg.example.com/messages", {
        "from": EMAIL, "to": [EMAIL], "subject": "Hello", "text": "Hello", "v:person": "p1"}, BASIC, media=FORM),
    "mailgun members": Sample("mailgun", "POST", "/v3/lists/all@mg.example.com/members.json", {
        "members": json.dumps([EMAIL]), "upsert": "yes"}, BASIC, media=FORM),
    "google audience": Sample("google", "POST", "/v1/audienceMembers:ingest", AUDIENCE),
    "google sheet": Sample("google", "POST", "/v4/spreadsheets/s1/values/A1:append", {"values": [["p1", 1]]},
                           query={"valueInputOption": "RAW"}),
    "google push": Sample("google", "POST", "/v1/projects/p1/messages:send", {
        "message": {"token": "t", "notification": {"title": "Hello"}}}),
    "meta users": Sample("meta", "POST", "/v23.0/1/users", {
        "payload": ROWS, "session": {"session_id": 1, "batch_seq": 1, "last_batch_flag": True}}),
    "meta form": Sample("meta", "POST", "/v23.0/1/users", {"payload": json.dumps(ROWS)}, {},
                        {"access_token": "t"}, FORM),
    "meta events": Sample("meta", "POST", "/v23.0/2/events", {"data": [VISIT]}),
    "tiktok update": Sample("tiktok", "POST", "/open_api/v1.3/dmp/custom_audience/update/", {
        "advertiser_id": "1", "custom_audience_id": "2", "action": "APPEND", "file_paths": ["f"]},
        {"Access-Token": "t"}),
    "linkedin users": Sample("linkedin", "POST", "/rest/dmpSegments/1/users", {
        "elements": [{"action": "ADD", "userIds": [{"idType": "SHA256_EMAIL", "idValue": HASH}]}]}, LINKEDIN),
    "pinterest events": Sample("pinterest", "POST", "/v5/ad_accounts/549755885175/events", {"data": [{
        "event_name": "lead", "action_source": "web", "event_time": 1451431341, "event_id": "e1",
        "user_data": {"em": [HASH]}}]}),
    "twilio message": Sample("twilio", "POST", TWILIO, {
        "To": "+15005550006", "From": "+15005550001", "Body": "Hello"}, BASIC, media=FORM),
    "slack message": Sample("slack", "POST", "/api/chat.postMessage", {"channel": "C1", "text": "Hello"}),
    "bluesky post": Sample("bluesky", "POST", "/xrpc/com.atproto.repo.createRecord", POST),
    "hubspot upsert": Sample("hubspot", "POST", "/crm/v3/objects/contacts/batch/upsert", {
        "inputs": [{"id": EMAIL, "idProperty": "email", "properties": {"firstname": "A", "lastname": None}}]}),
    "hubspot list": Sample("hubspot", "PUT", "/crm/v3/lists/1/memberships/add-and-remove", {
        "recordIdsToAdd": ["1"], "recordIdsToRemove": []}),
    "hubspot consent": Sample("hubspot", "POST", "/communication-preferences/v4/statuses/batch/write", {"inputs": [{
        "subscriberIdString": EMAIL, "channel": "EMAIL", "subscriptionId": 1, "statusState": "UNSUBSCRIBED"}]}),
    "hubspot events": Sample("hubspot", "POST", "/events/v3/send/batch", {
        "inputs": [{"eventName": "pe1_seen", "email": EMAIL, "occurredAt": WHEN, "properties": {"x": "1"}}]}),
    "iterable users": Sample("iterable", "POST", "/api/users/bulkUpdate", {
        "users": [{"email": EMAIL, "dataFields": {"score": 1}}]}, {"Api-Key": "k"}),
    "customerio batch": Sample("customerio", "POST", "/api/v2/batch", {"batch": [
        {"type": "person", "action": "identify", "identifiers": {"id": "p1"}, "attributes": {"score": 1}}]}, BASIC),
    "onesignal push": Sample("onesignal", "POST", "/notifications", {
        "app_id": "a", "include_aliases": {"external_id": ["p1"]}, "target_channel": "push",
        "contents": {"en": "Hello"}, "idempotency_key": "k"}, {"Authorization": "Key k"}),
    "mastodon status": Sample("mastodon", "POST", "/api/v1/statuses", {"status": "Hello", "visibility": "public"},
                              {**BEARER, "Idempotency-Key": "k"}),
    "activecampaign import": Sample("activecampaign", "POST", "/api/3/import/bulk_import", {"contacts": [
        {"email": EMAIL, "fields": [{"id": 1, "value": "x"}], "subscribe": [{"listid": 1}]}]}, {"Api-Token": "t"}),
    "mautic batch": Sample("mautic", "POST", "/api/contacts/batch/new", [{"email": EMAIL, "points": 1}], BASIC),
    "listmonk lists": Sample("listmonk", "PUT", "/api/subscribers/lists", {
        "ids": [1], "action": "add", "target_list_ids": [2], "status": "confirmed"}, BASIC),
}  # fmt: skip
