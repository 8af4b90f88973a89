"""Salesforce Bulk API 2.0: a job is made, given one CSV, closed, asked, and its three lists of results read.

Source  https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/bulk_api_2_0.htm (150 MB a job in
        base64: 100 MB of CSV; #N/A clears a field, an empty cell leaves it).
"""

import csv
import io
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, ChangeBatch
from activation.channels.salesforce.access import Caller
from activation.channels.salesforce.rows import OPTED_OUT, Outcome, done_already, verdict_of
from activation.vendor.calls import after_the_first

CLEARED = "#N/A"
OVER = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(frozen=True)
class Job:
    state: str
    reason: str


@dataclass(frozen=True)
class Bulk:
    caller: Caller

    def open(self, sobject: str, operation: str, rows: pa.Table, external_id: str = "") -> str:
        """A job with its data, which does nothing until it is closed."""
        named = {"externalIdFieldName": external_id} if external_id else {}
        about = {
            "object": sobject,
            "operation": operation,
            "contentType": "CSV",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        job = str(self.caller.call("POST", "jobs/ingest", json=about | named).json()["id"])
        headers = {"Content-Type": "text/csv; charset=UTF-8"}
        self.caller.call("PUT", f"jobs/ingest/{job}/batches", content=csv_of(rows), headers=headers)
        return job

    def close(self, job: str) -> None:
        self._set(job, "UploadComplete")

    def abort(self, job: str) -> None:
        self._set(job, "Aborted")

    def _set(self, job: str, state: str) -> None:
        with after_the_first():
            self.caller.call("PATCH", f"jobs/ingest/{job}", json={"state": state})

    def ask(self, job: str) -> Job:
        state = self.caller.call("GET", f"jobs/ingest/{job}").json()
        return Job(str(state.get("state")), str(state.get("errorMessage") or ""))

    def outcomes(self, job: str, column: str, reason: str) -> dict[str, Outcome]:
        """The value of `column` -> what became of its row; `reason`: why the job ended, for rows it never came to."""
        unprocessed: Outcome = (REJECTED, reason or "Salesforce ended the job before it came to this row", None)
        by_row: dict[str, Outcome] = {
            row[column]: unprocessed for row in self._results(job, "unprocessedrecords") if column in row
        }
        for row in self._results(job, "failedResults"):
            code, _, text = str(row.get("sf__Error") or "UNKNOWN").partition(":")
            by_row[row[column]] = verdict_of(code, text, row.get("sf__Id") or None)
        for row in self._results(job, "successfulResults"):
            by_row[row[column]] = (ACCEPTED, None, row["sf__Id"])
        return by_row

    def _results(self, job: str, which: str) -> list[dict[str, Any]]:
        body = self.caller.call("GET", f"jobs/ingest/{job}/{which}").body.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(body, newline="")))


def csv_of(rows: pa.Table) -> bytes:
    out = io.BytesIO()
    pa_csv.write_csv(rows, out)
    return out.getvalue()


def cells(batch: ChangeBatch) -> pa.Table:
    """The fields as Bulk takes them: text; NULL as `#N/A`, or as an empty cell where its policy forbids clearing."""
    columns: dict[str, Any] = {}
    for name in batch.fields.column_names:
        text = pc.cast(batch.fields[name], pa.string())
        if name == OPTED_OUT:
            columns[name] = pc.if_else(pc.fill_null(pc.equal(text, "true"), False), "true", "")
            continue
        is_protected = batch.policies.get(name, "overwrite") != "overwrite"
        empty = pc.fill_null(pc.equal(text, ""), False)
        columns[name] = (
            pc.if_else(empty, CLEARED, text)
            if is_protected
            else pc.if_else(empty, CLEARED, pc.fill_null(text, CLEARED))
        )
    return pa.table(columns)


@dataclass(frozen=True)
class BulkAudience:
    """People and their membership as jobs. A job's text: `<job of the people>`, with `/<job of the members>` if any."""

    bulk: Bulk
    sobject: str
    external_id: str
    membership: str | None
    campaign_id: str | None
    member_status: str | None

    def submit(self, batch: ChangeBatch) -> str:
        rows = cells(batch).append_column(self.external_id, pa.array(batch.keys, pa.string()))
        if self.membership:
            rows = rows.append_column(self.membership, same("true", len(batch)))
        people = self.bulk.open(self.sobject, "upsert", rows, self.external_id)
        with after_the_first():
            jobs = [people, *self._members(batch)]
            self.bulk.close(people)
        return "/".join(jobs)

    def _members(self, batch: ChangeBatch) -> list[str]:
        """Uploaded now and closed when the people are there: after a restart nobody would know whom to name."""
        if not self.campaign_id:
            return []
        columns = {"CampaignId": same(self.campaign_id, len(batch)), self._named: batch.keys}
        if self.member_status:
            columns["Status"] = same(self.member_status, len(batch))
        return [self.bulk.open("CampaignMember", "insert", pa.table(columns))]

    @property
    def _named(self) -> str:
        """A CSV's column for a lookup by external id."""
        return f"{self.sobject}.{self.external_id}"

    def collect(self, job: str) -> dict[str, Outcome] | None:
        """Key -> outcome; None while Salesforce is at it."""
        people, _, members = job.partition("/")
        first = self.bulk.ask(people)
        if first.state not in OVER:
            return None
        second = self.bulk.ask(members) if members else None
        if second is not None and second.state == "Open":
            self.bulk.close(members) if first.state == "JobComplete" else self.bulk.abort(members)
        if second is not None and second.state not in OVER:
            return None
        by_row = self.bulk.outcomes(people, self.external_id, first.reason)
        if second is None:
            return by_row
        return joined(by_row, self.bulk.outcomes(members, self._named, second.reason))

    def cancel(self, job: str) -> None:
        for one in job.split("/"):
            if self.bulk.ask(one).state not in OVER:
                self.bulk.abort(one)


def joined(people: dict[str, Outcome], members: dict[str, Outcome]) -> dict[str, Outcome]:
    """A person who was accepted stands as the membership says, under the person's own id; another as the person."""
    mute: Outcome = (IN_DOUBT, "the job's results do not speak of this membership", None)
    by_row = dict(people)
    for key, (status, _, record_id) in people.items():
        member = members.get(key, mute)
        if status == ACCEPTED and member[0] != ACCEPTED and not done_already(member):
            by_row[key] = (*member[:2], record_id)
    return by_row


def same(value: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), rows)
