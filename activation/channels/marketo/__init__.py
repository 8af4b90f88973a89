"""Adobe Marketo Engage: leads (its people) on a static list. Set-up: docs/channels/marketo.md.

Membership  the static list `list_id`. Leaving takes a lead off it; the lead stays.
Consent     `unsubscribed` is never written as false: who unsubscribed at Marketo stays so.
Source      https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/lead-database/leads
            (300 leads a call)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from activation.channel import (
    ACCEPTED,
    AUDIENCE_MODES,
    REJECTED,
    SKIPPED,
    About,
    BatchRejected,
    CallFailed,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    MaybeSent,
    Quota,
    Results,
)
from activation.channels.marketo.calls import LARGEST_BODY, Account, Caller, reasons
from activation.vendor.access import Access, access
from activation.vendor.calls import after_the_first, pieces
from core.errors import FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Marketo Engage",
    modes=AUDIENCE_MODES | {"create_only", "update_only"},
    contacts=("email", "sms"),
    place=("list_id", "lookup_field", "partition"),
)
# 100 calls in 20 s and ten at once, for all of an account's services; a push makes two, so half of that is kept to.
LIMITS = Limits(300, 150, body_bytes=LARGEST_BODY, seconds_per_call=1, concurrency=2)
LOOKED_UP = 100  # values a look-up; 300 addresses would pass the 8 KB that a URL may have
ACTIONS = {"create_only": "createOnly", "update_only": "updateOnly"}
NOT_FOUND, EXISTS, NOT_IN_LIST = "1004", "1005", "1015"
Verdicts = dict[int, tuple[str, str | None]]


class Options(Spec):
    list_id: int  # of a static list
    lookup_field: str = "email"  # names the lead; where the sync does not map it, it holds the person_id
    partition: str | None = None  # the lead partition, where the account has several


def open_channel(settings: Settings, options: Options) -> "Marketo":
    return Marketo(access(settings, "marketo", Account), options)  # https://<account>.mktorest.com: there is no default


@dataclass(repr=False)
class Marketo:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"

    @cached_property
    def caller(self) -> Caller:
        return Caller(self.access)

    def push(self, batch: ChangeBatch) -> Results:
        names = self._names(batch)
        if batch.removes:
            return self._removed(batch, names)
        verdicts: Verdicts = {
            row: (REJECTED, f"no {self.options.lookup_field}") for row, name in enumerate(names) if not name
        }
        rows = [row for row in range(len(batch)) if row not in verdicts]
        ids = self._sync(batch, rows, names, verdicts) if rows else {}
        with after_the_first():
            self._enlist(batch, names, ids, verdicts)
        remote = [str(ids[row]) if row in ids else None for row in range(len(batch))]
        return Results.of((verdicts.get(row, (ACCEPTED, None)) for row in range(len(batch))), remote)

    def _names(self, batch: ChangeBatch, earlier: bool = False) -> list[str]:
        if self.options.lookup_field not in batch.fields.column_names:
            return [str(key) for key in batch.keys.to_pylist()]
        values = batch.earlier(self.options.lookup_field) if earlier else batch.column(self.options.lookup_field)
        return ["" if value is None else str(value).strip() for value in values]

    def _sync(self, batch: ChangeBatch, rows: list[int], names: list[str], verdicts: Verdicts) -> dict[int, int]:
        """Row -> lead id; a verdict for each row that has none."""
        records = batch.records()
        body = {
            "action": ACTIONS.get(batch.mode, "createOrUpdate"), "lookupField": self.options.lookup_field,
            "input": [{**_without_opt_in(records[row]), self.options.lookup_field: names[row]} for row in rows],
        }  # fmt: skip
        if self.options.partition:
            body["partitionName"] = self.options.partition
        ids: dict[int, int] = {}
        for row, result in zip(rows, self._send("POST", "/rest/v1/leads.json", len(rows), json=body), strict=True):
            if result.get("status") in ("created", "updated"):
                ids[row] = int(result["id"])
                continue
            codes, words = reasons(result)
            left_alone = codes & {
                EXISTS if batch.mode == "create_only" else "",
                NOT_FOUND if batch.mode == "update_only" else "",
            }
            verdicts[row] = (SKIPPED if left_alone else REJECTED, words)
        return ids

    def _enlist(self, batch: ChangeBatch, names: list[str], ids: dict[int, int], verdicts: Verdicts) -> None:
        """Onto the list; who is called otherwise now leaves it under the old name, if that is another lead."""
        old = self._names(batch, earlier=True)
        moved = {row: old[row] for row in ids if old[row] and old[row].lower() != names[row].lower()}
        leaver_ids = {lead for leads in self._look(moved.values()).values() for lead in leads} - set(ids.values())
        stuck = self._off(sorted(leaver_ids))
        if stuck:
            raise MaybeSent("marketo: a lead cannot be taken off the list under its old name")
        join = sorted(set(ids.values()))
        if not join:
            return
        body = {"input": [{"id": lead} for lead in join]}
        results = zip(join, self._send("POST", self._list, len(join), json=body), strict=True)
        failed = {lead: reasons(one)[1] for lead, one in results if one.get("status") not in ("added", "memberof")}
        verdicts.update({row: (REJECTED, failed[lead]) for row, lead in ids.items() if lead in failed})

    @property
    def _list(self) -> str:
        return f"/rest/v1/lists/{self.options.list_id}/leads.json"

    def _removed(self, batch: ChangeBatch, names: list[str]) -> Results:
        of_row = self._ids(batch, names)
        failed = self._off(sorted({lead for leads in of_row.values() for lead in leads}))
        return self._results(len(batch), of_row, failed)

    def _off(self, leads: list[int]) -> dict[int, str]:
        """Lead -> why it could not be taken off the list; who is not on it is off."""
        failed: dict[int, str] = {}
        for some in pieces(leads, LIMITS.batch_size):
            with after_the_first():
                results = self._send("DELETE", self._list, len(some), params={"id": list(some)})
            failed |= dict(_faults(some, results, "removed"))
        return failed

    def erase(self, batch: ChangeBatch) -> Results:
        names, failed = self._names(batch), dict[int, str]()
        lead_ids, leads_by_name = self._ids(batch, names), self._look(name for name in names if name)
        of_row = {row: [*lead_ids.get(row, []), *leads_by_name.get(name.lower(), [])] for row, name in enumerate(names)}
        for some in pieces(sorted({lead for leads in of_row.values() for lead in leads}), LIMITS.batch_size):
            with after_the_first():
                body = {"input": [{"id": lead} for lead in some]}
                results = self._send("POST", "/rest/v1/leads/delete.json", len(some), json=body)
            failed |= dict(_faults(some, results, "deleted"))
        return self._results(len(batch), of_row, failed)

    def _results(self, rows: int, of_row: dict[int, list[int]], failed: dict[int, str]) -> Results:
        words = [next((failed[lead] for lead in of_row.get(row, ()) if lead in failed), None) for row in range(rows)]
        return Results.of((REJECTED, why) if why else (ACCEPTED, None) for why in words)

    def _ids(self, batch: ChangeBatch, names: list[str]) -> dict[int, list[int]]:
        """Row -> its leads: as an earlier push was told, else all that Marketo has by that name, one or more."""
        remote_ids = batch.remote_ids.to_pylist() if batch.remote_ids is not None else [None] * len(batch)
        ids = {row: [int(lead)] for row, lead in enumerate(remote_ids) if lead}
        ask = {row: name for row, name in enumerate(names) if row not in ids and name}
        leads = self._look(ask.values())
        return ids | {row: leads.get(name.lower(), []) for row, name in ask.items()}

    def _look(self, names: Iterable[str]) -> dict[str, list[int]]:
        """Name in lower case -> ids of the leads that are called so."""
        field, leads = self.options.lookup_field, dict[str, list[int]]()
        for some in pieces(sorted({name.lower() for name in names}), LOOKED_UP):
            query = {"filterType": field, "filterValues": ",".join(some), "fields": f"id,{field}"}
            for lead in self.caller.call("GET", "/rest/v1/leads.json", params=query):
                leads.setdefault(str(lead.get(field)).lower(), []).append(int(lead["id"]))
        return leads

    def _send(self, method: str, path: str, count: int, **request: Any) -> list[dict[str, Any]]:
        """One result for each record, in their order. Raises MaybeSent where there are more or fewer."""
        results = self.caller.call(method, path, **request)
        if len(results) != count:
            raise MaybeSent("marketo: an answer that has not one result for each record")
        return results

    def quota(self) -> Quota | None:
        return self.caller.http.quota

    def check(self) -> Health:
        """Reads the list: tells a wrong secret, a user without rights, and a list that is not there."""
        try:
            self.caller.call("GET", f"/rest/v1/lists/{self.options.list_id}.json")
        except (CallFailed, FatalError, BatchRejected) as error:
            return Health(False, str(error))
        return Health(True, "marketo answers, and has the list")

    def close(self) -> None:
        if "caller" in self.__dict__:
            self.caller.http.close()


def _without_opt_in(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "unsubscribed" or value}


def _faults(leads: Sequence[int], results: list[dict[str, Any]], good: str) -> list[tuple[int, str]]:
    faults = [(lead, one, reasons(one)) for lead, one in zip(leads, results, strict=True) if one.get("status") != good]
    return [(lead, words) for lead, _, (codes, words) in faults if not codes & {NOT_FOUND, NOT_IN_LIST}]
