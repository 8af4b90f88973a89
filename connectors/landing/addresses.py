"""Addresses and telephone numbers in texts that are none as they stand: in a table that may hold a no, who can be read
in it has said it.

`P One <p@a.example>`, `mailto:p@a.example`, `p%40a.example`, `07400 123456 (work)`, two in a field.
"""

import html
import re
import unicodedata
from datetime import date
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import unquote

import pyarrow as pa

from connectors.landing.tables import MENDED, Landing, landing_day
from connectors.reading import Request
from connectors.values.projection import declared_fields
from core.identifiers import normalise_emails, phones_in

ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
# soft hyphen, marks of no width and of direction, the byte order mark: nobody sees them
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
WIDE = {chr(0xFF01 + n): chr(0x21 + n) for n in range(94)} | {"\ufe6b": "@", "\u3002": ".", "\uff61": "."}
PLAIN = str.maketrans(WIDE | {'"': None})
LONGEST_TEXT = 10_000  # signs of a text that are looked through


def addresses_in(text: str) -> list[str]:
    """Every address in a text, normal, each once, in its order."""
    plain = _plain(_decoded(text[:LONGEST_TEXT])).translate(PLAIN)
    plain = unquote(plain) if "@" not in plain else plain
    plain = re.sub(r"\s*@[\s@]*", "@", re.sub(r"\([^()]*\)", " ", plain).replace(" @", "@"))
    found = [address.lstrip("'-.") for address in ADDRESS.findall(plain)]
    normal = normalise_emails(pa.array(found, pa.string())).to_pylist() if found else []
    return list(dict.fromkeys(address for address in normal if address))


def phones_of(text: str, country: str) -> list[str]:
    """Every telephone number in a text, in E.164, each once, in its order; `country` as in `core.identifiers`."""
    return phones_in(_plain(text[:LONGEST_TEXT]), country)


def _plain(text: str) -> str:
    """Without signs that nobody sees, and each letter one sign: an accent of its own is no end of an address."""
    return unicodedata.normalize("NFC", UNSEEN.sub("", html.unescape(text)))


def _decoded(text: str) -> str:
    """RFC 2047: =?utf-8?B?…?="""
    if "=?" not in text:
        return text
    try:
        return f"{make_header(decode_header(text))} {text}"
    except (HeaderParseError, LookupError, ValueError):
        return text


def read_addresses(landing: Landing, request: Request) -> None:
    """The one address, or number, in each text that is none as it stands becomes its normal form."""
    if request.holds_a_no:
        for column in _columns(landing):
            texts = _found(landing, column, request)
            single = [(text, addresses[0]) for text, addresses in texts.items() if len(addresses) == 1]
            with landing.db.given("found_addresses", _table(single)):
                landing.db.execute(
                    f"""update {landing.arrived} as i set "{column}__normalised" = a.address
                    from found_addresses a where i."{column}" = a.text and i."{column}__normalised" is null"""
                )


def keep_each_address(landing: Landing, request: Request, extras: list[str], since: date | None) -> None:
    """Of a row with several addresses in one field, or with one in a field of the other kind, a version for each. What
    such a row in order refuses counts for all of them, and what it grants for none (an earlier version of a row keeps
    its stops alone); a refused row is a stop of all of them until it is put right.
    """
    for column in _columns(landing) if request.holds_a_no else ():
        texts = _found(landing, column, request)
        several = {text: found for text, found in texts.items() if len(found) > 1}
        _keep_versions(landing, extras, since, column, several, f"{column}__normalised")
        other = next((o for o in _columns(landing) if _kind(landing, o) != _kind(landing, column)), None)
        if other:
            misplaced = _found(landing, column, request, _kind(landing, other))
            misplaced = {text: found for text, found in misplaced.items() if text not in texts}
            _keep_versions(landing, extras, since, column, misplaced, f"{other}__normalised")


def _keep_versions(
    landing: Landing, extras: list[str], since: date | None, column: str, texts: dict[str, list[str]], twin: str
) -> None:
    """A version of each row whose `column` holds one of the texts, for each address in it, with that in `twin`."""
    pairs = [(text, address) for text, found in texts.items() for address in found]
    names = [*(n for n, _ in declared_fields(landing.table)), *extras]
    values = {f'"{name}"': f'i."{name}"' for name in names} | {f'"{twin}"': "a.address"}
    row_id, day = "md5(s._row_key || ':' || a.address)", landing_day(since)
    is_kept = f"r._row_key = {row_id}"
    if landing.table.key:  # the same refused row of the next full export is no younger
        fields = " and ".join(f"r.{name} is not distinct from {value}" for name, value in values.items())
        is_kept += f" or (s.status = 'rejected' and r.{MENDED} is null and {fields})"
    with landing.db.given("found_addresses", _table(pairs)):
        landing.db.execute(f"""
            insert into raw."{landing.refused}"
                ({", ".join(values)}, _source, _origin, _line, _pulled_at, _row_key, _day, {MENDED})
            select {", ".join(values.values())}, '{landing.source.name}', i._origin, i._line,
                {landing.pulled_at}, {row_id}, {day}, case when s.status <> 'rejected' then {day} end
            from {landing.arrived} i
            join {landing.part("status")} s on s._n = i._n
            join found_addresses a on a.text = i."{column}"
            where not exists (select 1 from raw."{landing.refused}" r where {is_kept})""")


def _kind(landing: Landing, column: str) -> str | None:
    return landing.table.columns[column].identifier


def _columns(landing: Landing) -> list[str]:
    return [n for n, c in landing.table.columns.items() if c.identifier in ("email", "phone") and c.type == "text"]


def _found(landing: Landing, column: str, request: Request, kind: str | None = None) -> dict[str, list[str]]:
    """Each text without a normal form -> the addresses, or numbers, in it; of the column's own kind, or another."""
    odd = landing.db.query(
        f"""select distinct "{column}" as text from {landing.arrived}
        where "{column}" is not null and "{column}__normalised" is null"""
    )["text"].to_pylist()
    if (kind or _kind(landing, column)) == "email":
        found = {text: addresses_in(text) for text in odd}
    else:
        found = {text: phones_of(text, request.settings.project.default_country) for text in odd}
    return {text: addresses for text, addresses in found.items() if addresses}


def _table(pairs: list[tuple[str, str]]) -> pa.Table:
    return pa.table({
        "text": pa.array([text for text, _ in pairs], pa.string()),
        "address": pa.array([address for _, address in pairs], pa.string()),
    })  # fmt: skip
