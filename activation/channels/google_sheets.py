"""Google Sheets: a row a person in one sheet, known by the key in column A. Set-up: docs/channels/google_sheets.md.

Rows      The key column and the header are read before every batch, since people sort sheets: a batch that may have
          arrived is found there when it goes again. Known rows and emptied ones are written at their place; only when
          none is empty is anything appended, for Google appends below the first table, and an empty row ends a table.
          Who leaves has his row emptied.
Values    RAW: a text that begins with = stays a text, nothing is run.
Source    https://developers.google.com/workspace/sheets/api/limits (60 reads and 60 writes a minute and user, 2 MB
          recommended).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from activation.channel import (
    ACCEPTED,
    ANYBODYS,
    AUDIENCE_MODES,
    REJECTED,
    About,
    ChangeBatch,
    Existing,
    Health,
    InDoubt,
    Limits,
    Quota,
    Results,
)
from activation.vendor.access import Access, access
from activation.vendor.google_token import TOKEN_URL, google_token, unusable
from activation.vendor.http import Http, Request
from core.errors import FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Google Sheets", modes=AUDIENCE_MODES | {"create_only", "update_only", "append"},
    policies=frozenset({"overwrite", "never_null", "set_if_empty"}),
    contacts=ANYBODYS,
    place=("spreadsheet_id", "sheet", "key"),
)  # fmt: skip
LIMITS = Limits(
    2_000, 30, body_bytes=2_000_000, seconds_per_call=2
)  # 30: a batch is up to two of the 60 writes a minute
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
LONGEST_CELL = 50_000  # characters; support.google.com/drive/answer/37603
Cells = list[Any]


class Account(Spec):
    credentials_env: str = "FAIRLEAD_GOOGLE_SHEETS_CREDENTIALS"  # the JSON of a service account's key
    token_url: str = TOKEN_URL


class Options(Spec):
    spreadsheet_id: str  # between /d/ and /edit in its address
    sheet: str | None = None  # the tab's name; None: fairlead_<segment>
    key: str = "person_id"  # the header of column A


def open_channel(settings: Settings, options: Options) -> "GoogleSheets":
    return GoogleSheets(access(settings, "google_sheets", Account, "https://sheets.googleapis.com"), options)


@dataclass(repr=False)
class GoogleSheets:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"

    @property
    def not_configured(self) -> str:
        if self.access.missing:
            return self.access.missing
        wrong = unusable(self.access.secrets["credentials"])
        return f"{self.access.account.credentials_env} {wrong}" if wrong else ""

    @cached_property
    def http(self) -> Http:
        token = google_token("google_sheets", self.access.secrets["credentials"], SCOPE, self.access.account.token_url)
        return Http("google_sheets", self.access.base_url, auth=token, body_bytes=LIMITS.body_bytes, timeout_seconds=60)

    @property
    def path(self) -> str:
        return f"/v4/spreadsheets/{quote(self.options.spreadsheet_id, safe='')}"

    def push(self, batch: ChangeBatch) -> Results:
        header, row_numbers, _ = self._read(batch.sync)
        keys = batch.keys.to_pylist()
        if batch.removes:
            self._clear(batch.sync, [row for key in keys for row in row_numbers.get(key, [])])
            return Results.accepted(len(batch))
        header = self._header(batch, header)
        verdicts: list[tuple[str, str | None]] = []
        new: list[Cells] = []
        placed: list[tuple[int, Cells]] = []
        for key, record in zip(keys, batch.records(), strict=True):
            why = _too_long(record)
            verdicts.append((REJECTED, why) if why else (ACCEPTED, None))
            cells = _cells(header, {self.options.key: key, **record})
            if not why:
                placed += [(row, cells) for row in row_numbers.get(key, [])]
                new += [] if key in row_numbers else [cells]
        gaps = row_numbers.get("", [])[: len(new)]
        self._write(batch.sync, [*placed, *zip(gaps, new, strict=False)], new[len(gaps) :])
        return Results.of(verdicts)

    def _read(self, sync: str, columns: Sequence[int] = ()) -> tuple[list[str], dict[str, list[int]], list[Cells]]:
        """Header; key -> its rows (1-based; "" -> rows in between that are empty); the asked columns without header."""
        places = ["1:1", "A2:A", *(f"{_letters(c)}2:{_letters(c)}" for c in columns)]
        query = {"ranges": [self._at(sync, p) for p in places], "valueRenderOption": "UNFORMATTED_VALUE"}
        reply = self.http.call(Request("GET", f"{self.path}/values:batchGet", params=query, passes=(400,)))
        if reply.status == 400:
            raise FatalError(f"google_sheets: no sheet {self._sheet(sync)}. Make the tab, or set `sheet`.")
        ranges = [r.get("values", []) for r in reply.json()["valueRanges"]]
        header = [str(v) for v in (ranges[0][0] if ranges[0] else [])]
        row_numbers: dict[str, list[int]] = {}
        for at, cells in enumerate(ranges[1]):
            row_numbers.setdefault(str(cells[0]) if cells else "", []).append(at + 2)
        return header, row_numbers, [[c[0] if c else None for c in column] for column in ranges[2:]]

    def _header(self, batch: ChangeBatch, header: list[str]) -> list[str]:
        if header and header[0] != self.options.key:
            raise FatalError(f"google_sheets: column A of {self._sheet(batch.sync)} is not headed {self.options.key}.")
        new_columns = [n for n in (self.options.key, *batch.fields.column_names) if n not in header]
        if new_columns:
            self._write(batch.sync, [(1, [*([None] * len(header)), *new_columns])], [])
        return [*header, *new_columns]

    def _write(self, sync: str, placed: list[tuple[int, Cells]], new: list[Cells]) -> None:
        if placed:
            data = [
                {"range": self._at(sync, f"A{row}:{_letters(len(cells) - 1)}{row}"), "values": [cells]}
                for row, cells in placed
            ]
            self.http.call(
                Request("POST", f"{self.path}/values:batchUpdate", json={"valueInputOption": "RAW", "data": data})
            )
        if new:
            query = {"valueInputOption": "RAW", "insertDataOption": "OVERWRITE"}
            below = quote(self._at(sync, "A1"), safe="")
            self.http.call(Request("POST", f"{self.path}/values/{below}:append", params=query, json={"values": new}))

    def _clear(self, sync: str, rows: list[int]) -> None:
        """The whole row: a remark that somebody wrote beside a person must not stand beside the next one."""
        if rows:
            ranges = [self._at(sync, f"{row}:{row}") for row in rows]
            self.http.call(Request("POST", f"{self.path}/values:batchClear", json={"ranges": ranges}))

    def _sheet(self, sync: str) -> str:
        return self.options.sheet or f"fairlead_{sync.split('__')[0]}"

    def _at(self, sync: str, place: str) -> str:
        name = self._sheet(sync).replace("'", "''")
        return f"'{name}'!{place}"

    def find(self, batch: ChangeBatch, fields: tuple[str, ...]) -> Existing:
        header, row_numbers, _ = self._read(batch.sync)
        rows = [row_numbers.get(key, [0])[0] for key in batch.keys.to_pylist()]
        exists = pa.array([row > 0 for row in rows], pa.bool_())
        if not fields:
            return Existing(exists)
        columns = [header.index(f) if f in header else len(header) for f in fields]  # beside the table all is empty
        _, _, values = self._read(batch.sync, columns)
        existing = {
            f: [v[r - 2] if 2 <= r < len(v) + 2 else None for r in rows] for f, v in zip(fields, values, strict=True)
        }
        return Existing(
            exists,
            pa.table(
                {
                    f: pa.array([None if c in (None, "") else str(c) for c in v], pa.string())
                    for f, v in existing.items()
                }
            ),
        )

    def erase(self, batch: ChangeBatch) -> Results:
        _, row_numbers, _ = self._read(batch.sync)
        self._clear(batch.sync, [row for key in batch.keys.to_pylist() for row in row_numbers.get(key, [])])
        return Results.accepted(len(batch))

    def quota(self) -> Quota | None:
        return None  # Google does not say

    def check(self) -> Health:
        return self.http.healthy(Request("GET", self.path, params={"fields": "spreadsheetId"}))


def _cells(header: list[str], record: dict[str, Any]) -> Cells:
    """None leaves a cell as it is, an empty text clears it."""
    return [("" if record[name] is None else record[name]) if name in record else None for name in header]


def _too_long(record: dict[str, Any]) -> str:
    return "; ".join(
        f"{n}: a cell takes {LONGEST_CELL} characters"
        for n, v in record.items()
        if isinstance(v, str) and len(v) > LONGEST_CELL
    )


def _letters(column: int) -> str:
    """0 -> A, 26 -> AA."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
