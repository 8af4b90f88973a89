"""SendGrid's shapes: a contact from a row, and rows from what SendGrid says was wrong."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, ChangeBatch
from activation.vendor.failure_files import of_address
from core.errors import FatalError

LONGEST = {  # characters; the schema `contact-request` of SendGrid's description
    "address_line_1": 100, "address_line_2": 100, "city": 60, "country": 50, "email": 254, "external_id": 254,
    "anonymous_id": 254, "first_name": 50, "last_name": 50, "state_province_region": 50,
}  # fmt: skip
OWN = {*LONGEST, "postal_code", "phone_number_id"}  # top-level names that need no definition
AT_ROW = re.compile(r"contacts\[(\d+)\]")  # "contacts[0].email", as recorded
QUOTED = re.compile(r"'[^']*'")
Verdict = tuple[str, str | None]


@dataclass(frozen=True)
class Fields:
    """custom   a custom field's name -> its id and type; ids count as names too
    top      names that stand in the contact itself
    """

    custom: Mapping[str, tuple[str, str]]
    top: frozenset[str]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Fields":
        defined = [
            (str(f["id"]), str(f["name"]), str(f.get("field_type", "Text"))) for f in content.get("custom_fields", [])
        ]
        reserved = {str(f["name"]) for f in content.get("reserved_fields", []) if not f.get("read_only")}
        custom = {key: (i, kind) for i, name, kind in defined for key in (name, i)}
        return cls(custom, frozenset(OWN | reserved))

    def places(self, names: Sequence[str]) -> dict[str, tuple[str, str] | None]:
        """Where each mapped field goes: None is the contact itself. Raises FatalError for an unknown field."""
        unknown = [n for n in names if n not in self.top and n not in self.custom]
        if unknown:
            raise FatalError(
                f"sendgrid: no custom field {', '.join(unknown)}. Make it in Marketing, Custom Fields, or map another."
            )
        return {n: None if n in self.top else self.custom[n] for n in names}


def contacts_of(batch: ChangeBatch, fields: Fields) -> tuple[dict[int, dict[str, Any]], dict[int, str]]:
    """Row number -> contact, and row number -> why it cannot be one."""
    places = fields.places(batch.fields.column_names)
    contacts, refused = {}, {}
    for at, row in enumerate(batch.records()):
        why = unfit(row)
        if why:
            refused[at] = why
        else:
            contacts[at] = _contact(row, places)
    return contacts, refused


def unfit(row: Mapping[str, Any]) -> str:
    if not row.get("email"):
        return "no e-mail address"
    long = [n for n, most in LONGEST.items() if isinstance(row.get(n), str) and len(row[n]) > most]
    return "; ".join(f"{n}: {len(row[n])} characters, SendGrid takes {LONGEST[n]}" for n in long)


def _contact(row: Mapping[str, Any], places: Mapping[str, tuple[str, str] | None]) -> dict[str, Any]:
    contact: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for name, value in row.items():
        place = places[name]
        if place is None:
            contact[name] = "" if value is None else str(value)
        else:
            custom[place[0]] = "" if value is None and place[1] == "Text" else value
    return {**contact, "custom_fields": custom} if custom else contact


def faults_at(content: Mapping[str, Any], rows: Sequence[int]) -> dict[int, str]:
    """Row -> reason, from a 400 that names contacts by their place in the request. Quoted values are left out:
    the reasons travel in the job's name."""
    faults = {}
    for error in content.get("errors") or []:
        place = AT_ROW.search(str(error.get("field") or "") + str(error.get("message") or ""))
        if place and int(place[1]) < len(rows):
            faults[rows[int(place[1])]] = QUOTED.sub("…", str(error.get("message") or "refused"))
    return faults


def verdicts(
    status: str, errored: int, wrong: list[str], addresses: Sequence[str], refused: Mapping[int, str]
) -> Iterator[Verdict]:
    """Each row's, in order. Failures that fit no row leave all the others in doubt: one of them it was."""
    by_address = of_address(wrong)
    named = sum(1 for address in addresses if address in by_address)
    unknown = max(errored, 0 if status == "completed" else 1) - named
    for at, address in enumerate(addresses):
        if at in refused:
            yield REJECTED, refused[at]
        elif address in by_address:
            yield REJECTED, by_address[address]
        elif status == "failed":
            yield REJECTED, "SendGrid's import failed as a whole"
        elif unknown > 0:
            yield IN_DOUBT, f"SendGrid counts {unknown} failures in the import and does not say whose"
        else:
            yield ACCEPTED, None


def next_token(url: Any) -> str:
    """The page_token in the address of the next page; '' where there is none."""
    return parse_qs(urlsplit(str(url or "")).query).get("page_token", [""])[0]
