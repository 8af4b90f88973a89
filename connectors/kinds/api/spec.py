"""What a source file may say of an API: sign-in, pagination, one question for each row of another table, limits."""

import re
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, model_validator

from core.specs import Spec

GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"  # never that of the key file: it does not choose who sees it
CursorFormat = Literal["iso", "iso_z", "date", "epoch_seconds", "epoch_milliseconds"]
NEEDED = {  # keys that a sign-in cannot do without
    "oauth2": ("token_url", "grant", "client"), "google": ("scope",),
}  # fmt: skip
OWN = {  # keys that belong to some sign-ins only: elsewhere they would do nothing, in silence
    "user": {"basic"}, "client": {"basic", "oauth2"},
    "name": {"api_key", "oauth2"}, "location": {"api_key"}, "prefix": {"api_key", "oauth2"},
    "token_url": {"oauth2", "google"}, "grant": {"oauth2"}, "refresh": {"oauth2"}, "scope": {"oauth2", "google"},
}  # fmt: skip


class Auth(Spec):
    """How an API knows us. `secret`, `client` and `refresh` name environment variables; a secret is never in a file."""

    type: Literal["bearer", "api_key", "basic", "oauth2", "google"]
    secret: str
    user: str = ""  # basic: the user name, or `client`, the variable that holds it
    name: str = "Authorization"  # api_key: header or query parameter; oauth2: the header that takes the token
    location: Literal["header", "query"] = "header"
    prefix: str = ""  # what stands before the secret, with its space; of a token in Authorization `Bearer `
    token_url: str = ""  # oauth2: whole, or from / on at the source's host
    grant: Literal["client_credentials", "refresh_token"] | None = None
    client: str = ""
    refresh: str = ""
    scope: str = ""

    @model_validator(mode="after")
    def whole(self) -> "Auth":
        foreign = [key for key, types in OWN.items() if key in self.model_fields_set and self.type not in types]
        faults = [f"{key} does not belong to auth of type {self.type}" for key in foreign]
        faults += [
            f"auth of type {self.type} needs {key}" for key in NEEDED.get(self.type, ()) if not getattr(self, key)
        ]
        if self.grant == "refresh_token" and not self.refresh:
            faults.append("grant refresh_token needs refresh")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def variables(self) -> list[str]:
        """The environment variables that hold its secrets."""
        return [name for name in (self.client, self.secret, self.refresh) if name]


class Paginate(Spec):
    """How an API goes on to its next page. A `param` that begins with `body.` is a dotted path in the body."""

    type: Literal["single", "page", "offset", "cursor", "link_header", "next_url"] = "single"
    param: str = ""  # page, offset or cursor parameter; the usual name when left out
    size_param: str = "limit"  # offset: the page size's parameter
    size: int = Field(100, ge=1)
    first_page: int = Field(1, ge=0)
    next: str = "next"  # cursor, next_url: JSON path of the next cursor or address; of the last record: data[-1].id
    total: str | None = None  # page: JSON path of the number of pages; offset: of the number of rows
    total_header: str | None = None  # page: the header that holds the number of pages
    has_more: str | None = None  # JSON path; there is a next page only where it holds true
    end_when: str | None = None  # JSON path; where it holds true, this page was the last
    most_pages: int = Field(10_000, ge=1)  # of one question; more is an API that never ends, or a number to raise


class ForEach(Spec):
    """One question for each value of a column of another table of the source, which is read for it: whole, or as far as
    it has changed since this table's own mark.
    """

    table: str = ""
    column: str = ""
    changed: bool = False  # the record holds the parent's cursor as `_parent_at`, and this table's cursor takes it
    ask: str = Field("", pattern=r"^$|^[a-z][a-z0-9_]{0,40}$")  # or of the dbt model ask__<ask>: an enrichment source's
    absent: list[int] = Field([])  # statuses of an answer that nothing is known of the value: no record, and no fault

    @model_validator(mode="after")
    def one_of_both(self) -> "ForEach":
        if bool(self.ask) == bool(self.table and self.column) or (self.ask and (self.table or self.column)):
            raise ValueError("for_each wants either table and column, or ask")
        return self


class Enrichment(Spec):
    """What is asked of somebody else about people and companies: on which ground, how old it may be, what it costs."""

    lawful_basis: Literal["consent", "contract", "legal_obligation", "legitimate_interests", "not_personal"]
    documented_in: str = Field(min_length=3)  # where the assessment or the agreement is kept
    max_age_days: int = Field(ge=1)  # an answer this old is asked for again
    max_calls_per_day: int = Field(ge=0)
    cost_per_call: float = Field(0, ge=0)
    currency: str = Field("EUR", pattern="^[A-Z]{3}$")
    max_cost_per_month: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def cost_is_known(self) -> "Enrichment":
        if self.max_cost_per_month is not None and not self.cost_per_call:
            raise ValueError("max_cost_per_month wants cost_per_call")
        return self


class Busy(Spec):
    """An answer that is the API's limit, although its status says otherwise: tried again as 429 is."""

    status: int
    at: str = ""  # JSON path of the code; any answer of the status when left out
    values: list[str | int] = Field([])


def http_faults(table: Any) -> list[str]:
    """What is wrong with a table of kind http."""
    if table.kind != "http":
        return []
    uses_since = asks_from_a_mark(table)
    faults = ["kind http needs a path"] if table.path is None else []
    if uses_since and not table.cursor:
        faults.append("cursor_param and {since} need a cursor")
    if uses_since and table.deletes == "snapshot":
        faults.append("deletes: snapshot wants the table read whole, without cursor_param and {since}")
    if names_since(table.path) and table.since_first is None:
        faults.append("{since} in the path needs since_first")
    if table.cursor_param and "{since}" not in table.cursor_value:
        faults.append("cursor_value holds no {since}")
    if table.body and table.method != "POST":
        faults.append("body goes with method: POST")
    in_body = [p for p in (table.cursor_param, table.paginate.param, table.paginate.size_param) if _is_in_body(p)]
    if in_body and table.method != "POST":
        faults.append(f"{in_body[0]} goes with method: POST")
    if "{parent}" in f"{table.path} {table.params} {table.body}" and not table.for_each:
        faults.append("{parent} needs for_each")
    return faults + _since_first_faults(table)


def asks_from_a_mark(table: Any) -> bool:
    """Whether a table of kind http is read from its high-water mark on."""
    return table.cursor_param is not None or names_since(f"{table.path} {table.params} {table.body}")


def names_since(text: str | None) -> bool:
    return re.search(r"\{since[.}]", text or "") is not None


def needs_account(table: Any) -> bool:
    """Whether the settings must name an account of the vendor's."""
    return "{account}" in f"{table.path} {table.params} {table.body}"


def _since_first_faults(table: Any) -> list[str]:
    cursor = table.columns.get(table.cursor)
    if table.since_first is None or cursor is None or cursor.type not in ("timestamp", "date"):
        return []
    if re.fullmatch("[1-9][0-9]{0,4} days", table.since_first):
        return []
    try:
        datetime.fromisoformat(table.since_first)
    except ValueError:
        return ["since_first is no ISO 8601 date or instant, and no number of days: 365 days"]
    return []


def for_each_faults(tables: dict[str, Any]) -> list[str]:
    """What is wrong between the tables of one source."""
    faults = []
    for name, table in tables.items():
        parent = tables.get(table.for_each.table) if table.for_each else None
        if table.for_each and table.for_each.ask:
            continue
        if table.for_each and (parent is None or parent.kind != "http" or parent.for_each):
            faults.append(f"tables.{name}: for_each wants a table of kind http without for_each of its own")
        elif parent and table.for_each.column not in parent.columns:
            faults.append(f"tables.{name}: for_each: {table.for_each.table} has no column {table.for_each.column}")
        elif parent and table.for_each.changed:
            faults += [f"tables.{name}: {fault}" for fault in _changed_faults(table, parent)]
    return faults


def enrichment_faults(source: Any) -> list[str]:
    """An enrichment source asks for values one by one, so that its calls are counted; no other asks so."""
    faults = []
    for name, table in source.tables.items():
        asks = bool(table.for_each and table.for_each.ask)
        if asks and source.enrichment is None:
            faults.append(
                f"tables.{name}: for_each.ask wants `enrichment` in the file: its ground, its age and its cap"
            )
        if source.enrichment is not None and not asks:
            faults.append(f"tables.{name}: an enrichment source asks for values: kind http with for_each: {{ask: …}}")
        if asks and table.paginate.type != "single":
            faults.append(f"tables.{name}: for_each.ask goes with paginate of type single: each page would be a call")
    return faults


def _changed_faults(table: Any, parent: Any) -> list[str]:
    """A mark of what has changed at the parent's is one of the parent's cursor."""
    cursor = table.columns.get(table.cursor)
    faults = [] if asks_from_a_mark(parent) else [f"for_each.changed: {table.for_each.table} is read whole each time"]
    if cursor is None or cursor.source != "_parent_at":
        faults.append("for_each.changed needs a cursor that is a column with from: _parent_at")
    return faults


def _is_in_body(param: str | None) -> bool:
    return bool(param) and str(param).startswith("body.")
