"""Salesforce: contacts or leads, in a campaign or marked by a checkbox. Set-up: docs/channels/salesforce.md.

Membership  a CampaignMember of `campaign_id`, a checkbox `membership` of the record, or both. Leaving deletes the
            CampaignMember (a status would count on in the campaign's numbers, and each campaign has its own) and
            unticks the box; the person stays.
Consent     HasOptedOutOfEmail is never written as false: who opted out at Salesforce stays so.
Identity    the external id field `external_id`, which holds the person_id unless the sync maps it.
Jobs        above 200 new or changed rows Bulk 2.0: two jobs, the people and then their memberships, which name people
            by the external id and so can be uploaded at once; `collect` closes the second when the first is over.
            Both ids are all it needs to know.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa
from pydantic import model_validator

from activation.channel import (
    ACCEPTED,
    AUDIENCE_MODES,
    IN_DOUBT,
    REJECTED,
    About,
    ChangeBatch,
    Existing,
    Health,
    InDoubt,
    Limits,
    Quota,
    Results,
    Submitted,
)
from activation.channels.salesforce.access import Account, Caller, missing
from activation.channels.salesforce.bulk import Bulk, BulkAudience
from activation.channels.salesforce.members import Campaign, Failure
from activation.channels.salesforce.rows import RECORDS, Collections, Outcome, done_already, not_there, without_opt_in
from activation.vendor.access import Access, access
from activation.vendor.calls import after_the_first
from activation.vendor.http import Request
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Salesforce", modes=AUDIENCE_MODES | {"create_only", "update_only"},
    policies=frozenset({"overwrite", "never_null", "set_if_empty"}),
    contacts=("email", "sms", "push", "mail", "ads", "none"),
    place=("object", "external_id", "campaign_id", "membership"),
)  # fmt: skip
# A job takes 100 MB of CSV; 10,000 rows are what Salesforce itself works through at a time, and are soon told of.
LIMITS = Limits(10_000, body_bytes=100_000_000, seconds_per_call=30, concurrency=2)
SMALL = Limits(RECORDS, seconds_per_call=1, concurrency=2)


class Options(Spec):
    object: Literal["contacts", "leads"] = "contacts"
    external_id: str = "Fairlead_Id__c"  # a field that is marked external id and unique
    campaign_id: str | None = None  # who is in becomes a member of it
    membership: str | None = None  # a checkbox of the record: true in the audience, false outside
    member_status: str | None = None  # of new campaign members; None: the campaign's own default
    api: Literal["auto", "bulk", "collections"] = "auto"  # auto: jobs above 200 rows

    @model_validator(mode="after")
    def _whole(self) -> "Options":
        if not self.campaign_id and not self.membership:
            raise ValueError("campaign_id or membership is needed: it is the audience")
        return self


def open_channel(settings: Settings, options: Options) -> "Salesforce":
    return Salesforce(access(settings, "salesforce", Account), options)  # the host is the account's own: no default


@dataclass(repr=False)
class Salesforce:
    access: Access[Account]
    options: Options
    in_doubt: InDoubt = "idempotent"

    @property
    def limits(self) -> Limits:
        return SMALL if self.options.api == "collections" else LIMITS

    @property
    def not_configured(self) -> str:
        return missing(self.access)

    @cached_property
    def caller(self) -> Caller:
        return Caller(self.access, LIMITS.body_bytes)

    @cached_property
    def rows(self) -> Collections:
        return Collections(self.caller)

    @property
    def campaign(self) -> Campaign | None:
        o = self.options
        return (
            Campaign(self.rows, self.sobject, o.external_id, o.campaign_id, o.member_status) if o.campaign_id else None
        )

    @property
    def audience(self) -> BulkAudience:
        o = self.options
        return BulkAudience(
            Bulk(self.caller), self.sobject, o.external_id, o.membership, o.campaign_id, o.member_status
        )

    @property
    def sobject(self) -> str:
        return "Lead" if self.options.object == "leads" else "Contact"

    def push(self, batch: ChangeBatch) -> Results | Submitted:
        if batch.removes:
            return self._take_out(batch)
        if self._small(batch):
            return self._put_in(batch)
        return Submitted(self.audience.submit(batch))

    def _small(self, batch: ChangeBatch) -> bool:
        """Whether no job is needed, or none will do: it knows rows by their key alone, and cannot be split."""
        looks = batch.mode in ("create_only", "update_only") or "set_if_empty" in batch.policies.values()
        if looks or self.options.external_id in batch.fields.column_names or self.options.api == "collections":
            return True
        return self.options.api == "auto" and len(batch) <= RECORDS

    def _names(self, batch: ChangeBatch, earlier: bool = False) -> list[str]:
        """What each row is called in the external id field, '' where nothing stands."""
        if self.options.external_id not in batch.fields.column_names:
            return [str(key) for key in batch.keys.to_pylist()]
        values = batch.earlier(self.options.external_id) if earlier else batch.column(self.options.external_id)
        return ["" if value is None else str(value) for value in values]

    # -- up to 200 a call: told at once -------------------------------------------------------------------------------

    def _put_in(self, batch: ChangeBatch) -> Results:
        names, old = self._names(batch), self._names(batch, earlier=True)
        outcomes: list[Outcome] = [(REJECTED, f"no {self.options.external_id}", None)] * len(batch)
        some = [row for row, name in enumerate(names) if name]
        records, marked = batch.records(), {self.options.membership: True} if self.options.membership else {}
        payloads = [{**without_opt_in(records[row]), **marked, self.options.external_id: names[row]} for row in some]
        for row, outcome in zip(some, self.rows.upsert(self.sobject, self.options.external_id, payloads), strict=True):
            outcomes[row] = outcome
        with after_the_first():
            accepted = [row for row in some if outcomes[row][0] == ACCEPTED]
            current_names = {name.lower() for name in names}  # an old name may be another's new one
            moved = {row: old[row] for row in accepted if old[row] and old[row].lower() not in current_names}
            stuck = self._leave(list(moved.values()))
            outcomes = [(*stuck.get(moved.get(row, "").lower(), one[:2]), one[2]) for row, one in enumerate(outcomes)]
            self._join_campaign(accepted, outcomes)
        return Results.of(((status, error) for status, error, _ in outcomes), [record_id for *_, record_id in outcomes])

    def _join_campaign(self, rows: list[int], outcomes: list[Outcome]) -> None:
        """A verdict replaces the row's where the person could not be made a member."""
        failed = self.campaign.join([outcomes[row][2] for row in rows]) if self.campaign else []
        for row, failure in zip(rows, failed, strict=bool(self.campaign)):
            if failure is not None:
                outcomes[row] = (*failure[:2], outcomes[row][2])

    def _take_out(self, batch: ChangeBatch) -> Results:
        """In calls of 200, however many: a job could not tell whose CampaignMember it deleted."""
        names = self._names(batch)
        failed = self._leave([name for name in names if name])
        return Results.of(failed.get(name.lower(), (ACCEPTED, None)) for name in names)

    def _leave(self, names: list[str]) -> dict[str, Failure]:
        """Name in lower case -> why it could not be taken out; who is not there is out."""
        failed = self.campaign.leave(names) if self.campaign else {}
        if self.options.membership and names:
            removals = [{self.options.external_id: name, self.options.membership: False} for name in names]
            with after_the_first():
                outcomes = self.rows.upsert(self.sobject, self.options.external_id, removals)
            failed |= {
                n.lower(): o[:2] for n, o in zip(names, outcomes, strict=True) if o[0] != ACCEPTED and not not_there(o)
            }
        return failed

    # -- jobs ---------------------------------------------------------------------------------------------------------

    def collect(self, job: str, keys: pa.Array) -> Results | None:
        outcomes = self.audience.collect(job)
        if outcomes is None:
            return None
        mute: Outcome = (IN_DOUBT, "the job's results do not speak of this row", None)
        of_rows = [outcomes.get(str(key), mute) for key in keys.to_pylist()]
        return Results.of(((status, error) for status, error, _ in of_rows), [record_id for *_, record_id in of_rows])

    def cancel(self, job: str) -> None:
        self.audience.cancel(job)

    # -- the rest -----------------------------------------------------------------------------------------------------

    def find(self, batch: ChangeBatch, fields: tuple[str, ...]) -> Existing:
        names = self._names(batch)
        records = self._select([name for name in names if name], fields)
        held = [records.get(name.lower()) for name in names]
        columns = {
            f: pa.array([None if h is None or h.get(f) in (None, "") else str(h[f]) for h in held], pa.string())
            for f in fields
        }
        return Existing(pa.array([h is not None for h in held]), pa.table(columns) if fields else None)

    def _select(self, names: list[str], fields: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
        external = self.options.external_id
        columns = list(dict.fromkeys(["Id", external, *fields]))
        return {str(r[external]).lower(): r for r in self.rows.select(columns, self.sobject, external, names)}

    def erase(self, batch: ChangeBatch) -> Results:
        """Their campaign members go with them. Salesforce's recycle bin keeps a record for fifteen days."""
        names = self._names(batch)
        records = self._select([name for name in names if name])
        outcomes = self.rows.delete([str(record["Id"]) for record in records.values()])
        failed = {n: o[:2] for n, o in zip(records, outcomes, strict=True) if o[0] != ACCEPTED and not done_already(o)}
        nobody = (REJECTED, f"no {self.options.external_id}")
        return Results.of(failed.get(name.lower(), (ACCEPTED, None)) if name else nobody for name in names)

    def quota(self) -> Quota | None:
        return self.caller.http.quota

    def check(self) -> Health:
        """Asks for nobody by the fields the sync needs: tells a wrong credential, right or field."""
        fields = ", ".join(filter(None, ["Id", self.options.external_id, self.options.membership]))
        query = f"SELECT {fields} FROM {self.sobject} WHERE {self.options.external_id} = 'fairlead doctor' LIMIT 1"
        return self.caller.http.healthy(Request("GET", self.caller.path("query"), params={"q": query}))

    def close(self) -> None:
        if "caller" in self.__dict__:
            self.caller.close()
