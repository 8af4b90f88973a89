"""Mautic: contacts in a segment. Set-up: docs/channels/mautic.md.

Membership  the segment `segment_id`, to which contacts are added as if by hand. Leaving takes them out; the contact
            stays.
Identity    Mautic finds a contact by its unique fields (e-mail, as it comes); a contact known from an earlier push,
            or by its earlier address, is edited by its id, so that a new address makes no second contact.
Consent     a do-not-contact entry is never written and never taken away; who has one for `dnc_channel` is not put in
            the segment.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from pydantic import Field

from activation.channel import (
    ACCEPTED,
    REJECTED,
    SKIPPED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.channels.mautic.contacts import by_key, contact, held, outcomes, refuses
from activation.vendor.access import Access, access
from activation.vendor.calls import after_the_first, pieces
from activation.vendor.http import Http, Request, Token
from core.errors import FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("Mautic", contacts=("email", "sms", "push"), place=("segment_id", "id_field"))
LIMITS = Limits(200, seconds_per_call=15)  # api_batch_max_limit, as Mautic comes; it saves contacts one by one
FOUND = 100  # contacts a search gives; it compares loosely, what is exact is chosen here
Verdicts = dict[int, tuple[str, str | None]]


class Account(Spec):
    # Either a user of Mautic's (Basic) or an API credential with the grant client_credentials (OAuth 2), which wins.
    username_env: str | None = "FAIRLEAD_MAUTIC_USERNAME"
    password_env: str | None = "FAIRLEAD_MAUTIC_PASSWORD"
    client_id_env: str | None = "FAIRLEAD_MAUTIC_CLIENT_ID"
    client_secret_env: str | None = "FAIRLEAD_MAUTIC_CLIENT_SECRET"


class Options(Spec):
    segment_id: int = Field(ge=1)
    id_field: str = "email"  # a unique field of contacts; where the sync does not map it, it holds the person_id
    dnc_channel: str = "email"  # whose do-not-contact entries keep somebody out of the segment: email, sms, …


def open_channel(settings: Settings, options: Options) -> "Mautic":
    return Mautic(access(settings, "mautic", Account), options)  # a server of one's own: there is no default


@dataclass(repr=False)
class Mautic:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"

    @property
    def not_configured(self) -> str:
        account, secrets = self.access.account, self.access.secrets
        if {"client_id", "client_secret"} <= secrets.keys() or {"username", "password"} <= secrets.keys():
            return self.access.missing
        by_token = f"{account.client_id_env} and {account.client_secret_env}"
        both = f"{by_token}, or {account.username_env} and {account.password_env}"
        return ", ".join(filter(None, [self.access.missing, f"not set: {both}"]))

    @cached_property
    def http(self) -> Http:
        secrets = self.access.secrets
        auth: httpx.Auth = (
            Token(self._token)
            if "client_secret" in secrets
            else httpx.BasicAuth(secrets["username"], secrets["password"])
        )
        return Http("mautic", self.access.base_url, auth=auth, timeout_seconds=120)

    @cached_property
    def door(self) -> Http:
        return Http("mautic", self.access.base_url)

    def _token(self) -> tuple[str, float]:
        own = {"client_id": self.access.secrets["client_id"], "client_secret": self.access.secrets["client_secret"]}
        reply = self.door.call(
            Request("POST", "/oauth/v2/token", form={"grant_type": "client_credentials", **own}, passes=(400, 401))
        )
        if reply.status != 200:
            raise FatalError(
                f"mautic: no token (HTTP {reply.status}). Check the API credential and its grant.", code="FL103"
            )
        content = reply.json()
        return str(content["access_token"]), float(content.get("expires_in", 3600))

    def push(self, batch: ChangeBatch) -> Results:
        names = self._names(batch)
        if batch.removes:
            return self._take_out(batch, names)
        verdicts: Verdicts = {
            row: (REJECTED, f"no {self.options.id_field}") for row, name in enumerate(names) if not name
        }
        contacts = self._save(batch, names, [row for row in range(len(batch)) if names[row]], verdicts)
        no = (SKIPPED, f"do not contact by {self.options.dnc_channel}, as Mautic has it")
        verdicts |= {row: no for row, person in contacts.items() if refuses(person, self.options.dnc_channel)}
        with after_the_first():
            self._put_in({row: int(p["id"]) for row, p in contacts.items() if row not in verdicts}, verdicts)
        ids = [str(contacts[row]["id"]) if row in contacts else None for row in range(len(batch))]
        return Results.of((verdicts.get(row, (ACCEPTED, None)) for row in range(len(batch))), ids)

    def _names(self, batch: ChangeBatch, earlier: bool = False) -> list[str]:
        if self.options.id_field not in batch.fields.column_names:
            return [str(key) for key in batch.keys.to_pylist()]
        values = batch.earlier(self.options.id_field) if earlier else batch.column(self.options.id_field)
        return ["" if value is None else str(value).strip() for value in values]

    def _save(self, batch: ChangeBatch, names: list[str], rows: list[int], verdicts: Verdicts) -> dict[int, Any]:
        """Row -> the contact as it is now: known ones by id; others, and those of a lost id, by unique fields."""
        records = batch.records()
        contact_ids = self._contact_ids(batch, names)
        edits = [
            (row, contact(records[row], self.options.id_field, names[row], contact_ids[row]))
            for row in rows
            if row in contact_ids
        ]
        contacts, failed = self._batch("PATCH", "/api/contacts/batch/edit", edits)
        missing_rows = {row for row, (code, _) in failed.items() if code == 404}
        news = [
            (r, contact(records[r], self.options.id_field, names[r], None))
            for r in rows
            if r not in contact_ids or r in missing_rows
        ]
        with after_the_first():
            new_contacts, refused = self._batch("POST", "/api/contacts/batch/new", news)
        failed = {row: why for row, why in failed.items() if row not in missing_rows} | refused
        verdicts |= {row: (REJECTED, words) for row, (_, words) in failed.items()}
        return contacts | new_contacts

    def _batch(
        self, method: str, path: str, contacts: list[tuple[int, dict[str, Any]]]
    ) -> tuple[dict[int, Any], dict[int, Any]]:
        if not contacts:
            return {}, {}
        saved, failed = outcomes(
            self.http.call(Request(method, path, json=[body for _, body in contacts])).json(), len(contacts)
        )
        return {contacts[at][0]: p for at, p in saved.items()}, {contacts[at][0]: why for at, why in failed.items()}

    def _contact_ids(self, batch: ChangeBatch, names: list[str]) -> dict[int, int]:
        """Row -> contact id of those an earlier push told of, and of those who were called otherwise then."""
        remote_ids = batch.remote_ids.to_pylist() if batch.remote_ids is not None else [None] * len(batch)
        contact_ids = {row: int(contact_id) for row, contact_id in enumerate(remote_ids) if contact_id}
        for row, old in enumerate(self._names(batch, earlier=True)):
            moved = row not in contact_ids and old and old.lower() != names[row].lower()
            if moved and (matches := self._search(old)):
                contact_ids[row] = matches[0]
        return contact_ids

    def _search(self, name: str) -> list[int]:
        params: dict[str, Any] = {"search": f"{self.options.id_field}:{name}", "limit": FOUND}
        content = self.http.call(Request("GET", "/api/contacts", params=params)).json()
        people = content.get("contacts") or {}
        contacts = people.values() if isinstance(people, dict) else people
        return [int(p["id"]) for p in contacts if held(p, self.options.id_field).lower() == name.lower()]

    def _put_in(self, ids: dict[int, int], verdicts: Verdicts) -> None:
        if not ids:
            return
        body = {"ids": sorted(set(ids.values()))}
        content = self.http.call(
            Request("POST", f"/api/segments/{self.options.segment_id}/contacts/add", json=body)
        ).json()
        details = by_key(content.get("details"))
        for row, contact_id in ids.items():
            if not (details.get(contact_id) or {}).get("success"):
                verdicts[row] = (REJECTED, "Mautic did not put the contact in the segment")

    def _ids(self, batch: ChangeBatch, names: list[str]) -> list[int]:
        remote_ids = batch.remote_ids.to_pylist() if batch.remote_ids is not None else [None] * len(batch)
        contact_ids = [int(contact_id) for contact_id in remote_ids if contact_id]
        searched = [
            i
            for name, contact_id in zip(names, remote_ids, strict=True)
            if name and not contact_id
            for i in self._search(name)
        ]
        return sorted({*contact_ids, *searched})

    def _take_out(self, batch: ChangeBatch, names: list[str]) -> Results:
        """One a call: Mautic has no more for leaving. 404: the contact is no more, so it is out."""
        segment = f"/api/segments/{self.options.segment_id}"
        for contact_id in self._ids(batch, names):
            with after_the_first():
                self.http.call(Request("POST", f"{segment}/contact/{contact_id}/remove", passes=(404,)))
        return Results.accepted(len(batch))

    def erase(self, batch: ChangeBatch) -> Results:
        """Mautic leaves out who is there no more; of the others it says whom it may not delete."""
        for some in pieces(self._ids(batch, self._names(batch)), LIMITS.batch_size):
            with after_the_first():
                query = {"ids": ",".join(map(str, some))}
                content = self.http.call(Request("DELETE", "/api/contacts/batch/delete", params=query)).json()
            errors = [
                e
                for e in by_key(content.get("errors") if isinstance(content, dict) else None).values()
                if e and e.get("code") != 404
            ]
            if errors:
                raise FatalError(
                    f"mautic: contacts cannot be deleted ({errors[0].get('code')}). The API's user needs the right to."
                )
        return Results.accepted(len(batch))

    def check(self) -> Health:
        return self.http.healthy(Request("GET", "/api/segments", params={"limit": 1, "minimal": "true"}))

    def close(self) -> None:
        for http in ("http", "door"):
            if http in self.__dict__:
                self.__dict__[http].close()
