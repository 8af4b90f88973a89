"""What Salesforce says of single records, and the collections that take up to 200 of them a call.

Source  https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activation.channel import ACCEPTED, REJECTED, SKIPPED, MaybeSent
from activation.channels.salesforce.access import Caller
from activation.vendor.calls import after_the_first, pieces

Outcome = tuple[str, str | None, str | None]  # status, why not, the record's id
RECORDS = 200  # a collections call, and the names a query asks for
OPTED_OUT = "HasOptedOutOfEmail"
DONE_ALREADY = frozenset({"DUPLICATE_VALUE", "ENTITY_IS_DELETED"})  # is a campaign member already; is deleted already
LATER = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR"})


def without_opt_in(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without a word that would take back somebody's opting out."""
    return {name: value for name, value in row.items() if name != OPTED_OUT or value}


def verdict_of(code: str, text: str, record_id: str | None) -> Outcome:
    if code in LATER:
        return SKIPPED, f"{code}: {text}", record_id
    return REJECTED, f"{code}: {text}", record_id


def not_there(outcome: Outcome) -> bool:
    """An upsert without a last name cannot make anybody: that it is missing says that the person is not there."""
    return str(outcome[1]).startswith("REQUIRED_FIELD_MISSING") and "LastName" in str(outcome[1])


def done_already(outcome: Outcome) -> bool:
    return str(outcome[1]).partition(":")[0] in DONE_ALREADY


@dataclass(frozen=True)
class Collections:
    caller: Caller

    def upsert(self, sobject: str, external_id: str, records: Sequence[dict[str, Any]]) -> list[Outcome]:
        return self._send("PATCH", f"composite/sobjects/{sobject}/{external_id}", sobject, records)

    def insert(self, sobject: str, records: Sequence[dict[str, Any]]) -> list[Outcome]:
        return self._send("POST", "composite/sobjects", sobject, records)

    def _send(self, method: str, tail: str, sobject: str, records: Sequence[dict[str, Any]]) -> list[Outcome]:
        results: list[Outcome] = []
        for some in pieces([{"attributes": {"type": sobject}, **record} for record in records], RECORDS):
            with after_the_first():
                body = {"allOrNone": False, "records": some}
                results += outcomes(self.caller.call(method, tail, json=body).json(), len(some))
        return results

    def delete(self, ids: Sequence[str]) -> list[Outcome]:
        results: list[Outcome] = []
        for some in pieces(ids, RECORDS):
            with after_the_first():
                query = {"ids": ",".join(some), "allOrNone": "false"}
                results += outcomes(self.caller.call("DELETE", "composite/sobjects", params=query).json(), len(some))
        return results

    def select(
        self, fields: Sequence[str], sobject: str, column: str, values: Sequence[str], also: str = ""
    ) -> list[dict[str, Any]]:
        """The records whose `column` is one of `values`; `column` must be unique, or more pages would come."""
        records: list[dict[str, Any]] = []
        for some in pieces(list(dict.fromkeys(values)), RECORDS):
            which = f"{column} IN ({', '.join(map(quoted, some))}){also}"
            query = f"SELECT {', '.join(fields)} FROM {sobject} WHERE {which}"
            records += self.caller.call("GET", "query", params={"q": query}).json().get("records") or []
        return records


def outcomes(content: Any, count: int) -> list[Outcome]:
    """In the order of the records, as the answer is. Raises MaybeSent where it is not one result a record."""
    if not isinstance(content, list) or len(content) != count:
        raise MaybeSent("salesforce: an answer that has not one result for each record")
    results: list[Outcome] = []
    for one in content:
        if one.get("success"):
            results.append((ACCEPTED, None, one.get("id")))
            continue
        error = (one.get("errors") or [{}])[0]
        results.append(verdict_of(str(error.get("statusCode")), str(error.get("message")), one.get("id")))
    return results


def quoted(value: str) -> str:
    """A SOQL string; these are all the characters that SOQL escapes within one."""
    escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", '"': '\\"'}
    return "'" + "".join(escapes.get(c, c) for c in value) + "'"
