"""Brevo: contacts by import, and the list they stand in. Set-up: docs/channels/brevo.md.

Membership  the list `list_id`. Leaving takes a contact out of the list; the contact stays. Whether Brevo may write to
            it (blacklists) is never set here.
Jobs        an import is a process of Brevo's; when it is done, files name the rows it did not like. Rows are known
            there by address, so after a restart the rows of an import with such files are in doubt.
Source      https://developers.brevo.com/reference/import-contacts (10 MB, 8 recommended) and add-contact-to-list (150
            a call).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow as pa

from activation.channel import (
    ACCEPTED,
    IN_DOUBT,
    REJECTED,
    About,
    BatchRejected,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Quota,
    Results,
    Submitted,
)
from activation.vendor.access import Access, access
from activation.vendor.failure_files import downloaded, failures, of_address
from activation.vendor.http import Http, Request
from core.errors import FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("Brevo", identifiers=("email",), contacts=("email", "sms"), place=("list_id",))
LIMITS = Limits(
    10_000, 600, body_bytes=8_000_000, seconds_per_call=1
)  # 600: ten contact calls a second, the general limit
LISTED = 150  # addresses a call of contacts/remove
OWN = ("email", "ext_id")  # what is no attribute


class Account(Spec):
    token_env: str = "FAIRLEAD_BREVO_API_KEY"


class Options(Spec):
    list_id: int


def open_channel(settings: Settings, options: Options) -> "Brevo":
    return Brevo(access(settings, "brevo", Account, "https://api.brevo.com"), options)


@dataclass(repr=False)
class Brevo:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"
    addresses_by_job: dict[str, list[str]] = field(default_factory=dict)  # job -> its addresses in the batch's order

    @cached_property
    def http(self) -> Http:
        key = {"api-key": self.access.secrets["token"]}
        return Http("brevo", self.access.base_url, key, body_bytes=LIMITS.body_bytes, read_quota=_quota)

    @cached_property
    def attributes(self) -> set[str]:
        return {
            a["name"].upper() for a in self.http.call(Request("GET", "/v3/contacts/attributes")).json()["attributes"]
        }

    def push(self, batch: ChangeBatch) -> Results | Submitted:
        addresses = [str(a or "").lower() for a in batch.column("email")]
        if batch.removes:
            self._take_out([a for a in addresses if a])
            return Results.accepted(len(batch))
        self._know(batch.fields.column_names)
        refused = {at: "no e-mail address" for at, address in enumerate(addresses) if not address}
        if len(refused) == len(batch):
            return Results.rejecting(pa.repeat(True, len(batch)), "no e-mail address")
        for old, new in zip(batch.earlier("email"), addresses, strict=True):
            if old and new and old.lower() != new:
                self._rename(old, new)
        job = json.dumps({"ids": [self._import(rows, clears) for rows, clears in _imports(batch)], "refused": refused})
        self.addresses_by_job[job] = addresses
        return Submitted(job)

    def _know(self, names: list[str]) -> None:
        """Brevo leaves out silently what it has no attribute for."""
        unknown = [n for n in names if n not in OWN and n.upper() not in self.attributes]
        if unknown:
            raise FatalError(
                f"brevo: no attribute {', '.join(unknown)}. Make it in Contacts, Settings, or map another."
            )

    def _rename(self, old: str, new: str) -> None:
        """The contact keeps its history. Where the new address is a contact already (400), the old one leaves."""
        path = f"/v3/contacts/{quote(old.lower(), safe='')}"
        reply = self.http.call(Request("PUT", path, json={"attributes": {"EMAIL": new}}, passes=(400, 404)))
        if reply.status == 400:
            self._take_out([old.lower()])

    def _import(self, rows: list[dict[str, Any]], clears: bool) -> int:
        body = {
            "jsonBody": rows, "listIds": [self.options.list_id], "updateExistingContacts": True,
            "emptyContactsAttributes": clears, "disableNotification": True,
        }  # fmt: skip
        return int(self.http.call(Request("POST", "/v3/contacts/import", json=body)).json()["processId"])

    def _take_out(self, addresses: list[str]) -> None:
        path = f"/v3/contacts/lists/{self.options.list_id}/contacts/remove"
        for at in range(0, len(addresses), LISTED):
            reply = self.http.call(Request("POST", path, json={"emails": addresses[at : at + LISTED]}, passes=(400,)))
            # 201 lists who was not in it as `failure`; where none was, Brevo answers 400 and says so.
            if reply.status == 400 and b"already removed" not in reply.body and b"not exist" not in reply.body:
                raise BatchRejected(reply.words())

    def collect(self, job: str, keys: pa.Array) -> Results | None:
        state = json.loads(job)
        processes = [self.http.call(Request("GET", f"/v3/processes/{i}")).json() for i in state["ids"]]
        if any(p.get("status") in ("queued", "in_process", "processing") for p in processes):
            return None
        failed = any(p.get("status") != "completed" for p in processes)
        files = [url for p in processes for url in _urls(p.get("info"))]
        wrong = [text for url in files for text in failures(downloaded(self.http, url))]
        refused = {int(at): why for at, why in state["refused"].items()}
        verdicts = self._verdicts(self.addresses_by_job.pop(job, [""] * len(keys)), wrong, refused, failed)
        return Results.of(verdicts)

    def _verdicts(
        self, addresses: list[str], wrong: list[str], refused: dict[int, str], failed: bool
    ) -> Iterator[tuple[str, str | None]]:
        named = of_address(wrong)
        ours = set(addresses)
        unknown = sum(1 for text in wrong if ours.isdisjoint(of_address([text])))
        for at, address in enumerate(addresses):
            if at in refused:
                yield REJECTED, refused[at]
            elif address in named:
                yield REJECTED, f"Brevo did not import it: {named[address]}"
            elif failed or unknown > 0:
                yield (
                    IN_DOUBT,
                    "Brevo's import failed" if failed else f"Brevo refused {unknown} rows that are none of ours",
                )
            else:
                yield ACCEPTED, None

    def cancel(self, job: str) -> None:
        """Brevo has no way to stop an import."""

    def erase(self, batch: ChangeBatch) -> Results:
        for address in {a.lower() for a in (*batch.column("email"), *batch.earlier("email")) if a}:
            self.http.call(Request("DELETE", f"/v3/contacts/{quote(address, safe='')}", passes=(404,)))
        return Results.accepted(len(batch))

    def check(self) -> Health:
        return self.http.healthy(Request("GET", f"/v3/contacts/lists/{self.options.list_id}"))


def _imports(batch: ChangeBatch) -> Iterator[tuple[list[dict[str, Any]], bool]]:
    """Rows and whether their empty attributes clear what is there: Brevo asks that once for a whole import."""
    silent = [
        n for n in batch.fields.column_names if n not in OWN and batch.policies.get(n, "overwrite") != "overwrite"
    ]
    clearing = [n for n in batch.fields.column_names if n not in OWN and n not in silent]
    for names, clears in ((clearing, True), (silent, False)):
        if names or (clears and not silent):
            yield [_contact(row, names) for row in batch.fields.to_pylist() if row["email"]], clears


def _contact(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    contact = {"email": row["email"], "attributes": {n.upper(): "" if row[n] is None else row[n] for n in names}}
    return {**contact, "ext_id": row["ext_id"]} if row.get("ext_id") else contact


def _urls(info: Any) -> list[str]:
    """Every address of a file in a process's `info`, however deep it stands."""
    if isinstance(info, str):
        return [info] if info.startswith(("http://", "https://")) else []
    parts = info.values() if isinstance(info, dict) else info if isinstance(info, list) else ()
    return [url for part in parts for url in _urls(part)]


def _quota(headers: httpx.Headers) -> Quota | None:
    remaining, reset = headers.get("x-sib-ratelimit-remaining", ""), headers.get("x-sib-ratelimit-reset", "")
    return Quota(int(remaining), float(reset) if reset.isdigit() else None) if remaining.isdigit() else None
