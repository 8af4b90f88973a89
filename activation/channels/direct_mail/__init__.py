"""Letters: a file for a print house in FAIRLEAD_HOME/outbox/<sync>/<day>.csv.
Columns and set-up: docs/channels/direct_mail.md.

A letter cannot be taken back, so there are no removals. Addresses that cannot be delivered are rejected with the
reason, before they cost a stamp. The file, its manifest and the same batch twice are as the CSV outbox has them.
"""

import csv
import io
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa
from pydantic import Field

from activation.channel import (
    ACCEPTED,
    MESSAGE_MODES,
    REJECTED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.channels.csv_outbox import CsvOutbox
from activation.channels.direct_mail.addresses import (
    COUNTRIES,
    LINES,
    PARTS,
    clean,
    full_name,
    household,
    lines,
    undeliverable,
)
from activation.vendor import csv_manifest
from core.errors import ConfigError
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Direct mail", identifiers=("address_line_1",), fields=PARTS, modes=MESSAGE_MODES,
    policies=frozenset({"overwrite"}), takes_back=False,
    contacts=("mail",),
)  # fmt: skip
COLUMNS = ("reference", "name", *PARTS, *(f"line_{n}" for n in range(1, LINES + 1)))


class Options(Spec):
    default_country: str | None = Field(None, pattern="^[A-Z]{2}$")  # of an address without one; None: the project's
    one_per_household: bool = False
    price_per_row: float = Field(0.0, ge=0)  # print and postage, in the project's currency; for the plan


def open_channel(settings: Settings, options: Options) -> "DirectMail":
    """Raises ConfigError for a country whose addresses are not known."""
    sender = settings.project.default_country
    if (options.default_country or sender) not in COUNTRIES:
        raise ConfigError(f"options: default_country: known are {', '.join(COUNTRIES)}.")
    limits = Limits(50_000, seconds_per_call=1, price_per_row=options.price_per_row)  # as the CSV outbox
    return DirectMail(CsvOutbox(settings.home / "outbox", spreadsheet_safe=False), options, sender, limits)


@dataclass(repr=False)
class DirectMail:
    outbox: CsvOutbox
    options: Options
    sender: str  # the country where letters are posted
    limits: Limits
    in_doubt: InDoubt = "idempotent"
    not_configured: str = ""
    households: dict[str, dict[str, str]] = field(default_factory=dict)  # sync -> household -> who gets its letter

    def push(self, batch: ChangeBatch) -> Results:
        addresses = [clean(row, self.options.default_country or self.sender) for row in batch.fields.to_pylist()]
        household_keys = self._household_keys(batch.sync) if self.options.one_per_household else None
        reasons: list[str] = []
        for key, address in zip(batch.keys.to_pylist(), addresses, strict=True):
            why = undeliverable(address)
            if not why and household_keys is not None and household_keys.setdefault(household(address), key) != key:
                why = "somebody of the household has the letter"
            reasons.append(why)
        letters = [(k, a) for k, a, why in zip(batch.keys.to_pylist(), addresses, reasons, strict=True) if not why]
        if letters:
            self._write(batch, [self._row(key, address) for key, address in letters])
        return Results.of((REJECTED, why) if why else (ACCEPTED, None) for why in reasons)

    def _row(self, key: str, address: dict[str, str]) -> tuple[str, ...]:
        label = lines(address, self.sender)
        return (key, full_name(address), *(address[p] for p in PARTS), *label, *[""] * (LINES - len(label)))

    def _write(self, batch: ChangeBatch, rows: list[tuple[str, ...]], columns: tuple[str, ...] = COLUMNS) -> None:
        self.outbox.write(
            batch,
            pa.table(dict(zip(columns, (pa.array(c, pa.string()) for c in zip(*rows, strict=True)), strict=True))),
        )

    def _household_keys(self, sync: str) -> dict[str, str]:
        """From the files of this sync that still lie in the outbox, of any day, and from what was written since."""
        if sync not in self.households:
            reasons: dict[str, str] = {}
            for file in (f for f in csv_manifest.parts(self.outbox.folder / sync) if f.is_file()):
                about = csv_manifest.read(file)  # without it the whole file counts: rather no letter than a second one
                text = file.read_bytes()[: about.bytes if about else None].decode(errors="replace")
                for row in csv.DictReader(io.StringIO(text, newline="")):
                    if all(row.get(name) is not None for name in COLUMNS):
                        reasons.setdefault(household(row), row["reference"])
            self.households[sync] = reasons
        return self.households[sync]

    def erase(self, batch: ChangeBatch) -> Results:
        """The print house is told in outbox/<sync>.forget/<day>.csv: it may hold the addresses still."""
        self._write(
            replace(batch, sync=f"{batch.sync}.forget"), [(key,) for key in batch.keys.to_pylist()], ("reference",)
        )
        return Results.accepted(len(batch))

    def look_up(self, idempotency_key: str) -> bool | None:
        return self.outbox.look_up(idempotency_key)

    def faults(self, sync: str) -> list[str]:
        return self.outbox.faults(sync) + self.outbox.faults(f"{sync}.forget")

    def place(self, sync: str, day: date) -> str:
        return self.outbox.place(sync, day)

    def check(self) -> Health:
        return self.outbox.check()
