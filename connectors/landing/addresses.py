"""Addresses and telephone numbers in texts that are none as they stand: in a table that may hold a no, who can be read
in it has said it.

`P One <p@a.example>`, `mailto:p@a.example`, `p%40a.example`, `07400 123456 (work)`, two in a field.
"""

import html
import re
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
PLAIN = str.maketrans({chr(0xFF01 + n): chr(0x21 + n) for n in range(94)} | {"\ufe6b": "@", '"': None})  # full width
LONGEST_TEXT = 10_000  # signs of a text that are looked through


def addresses_in(text: str) -> list[str]:
    """Every address in a text, normal, each once, in its order."""
    plain = UNSEEN.sub("", html.unescape(_decoded(text[:LONGEST_TEXT]))).translate(PLAIN)
    plain = unquote(plain) if "@" not in plain else plain
    plain = re.sub(r"\s*@[\s@]*", "@", re.sub(r"\([^()]*\)", " ", plain).replace(" @", "@"))
    found = [address.lstrip("'-.") for address in ADDRESS.findall(plain)]
    normal = normalise_emails(pa.array(found, pa.string())).to_pylist()
    return list(dict.fromkeys(address for address in normal if address))


def phones_of(text: str, country: str) -> list[str]:
    """Every telephone number in a text, in E.164, each once, in its order; `country` as in `core.identifiers`."""
    return phones_in(UNSEEN.sub("", html.unescape(text[:LONGEST_TEXT])), country)


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
                    f"""update raw."{landing.incoming}" as i set "{column}__normalised" = a.address
                    from found_addresses a where i."{column}" = a.text and i."{column}__normalised" is null"""
                )


def keep_each_address(landing: Landing, request: Request, extras: list[str], since: date | None) -> None:
    """Of a row in order with several addresses in one field, a version for each: what such a row refuses counts for all
    of them, and what it grants for none (an earlier version of a row keeps its stops alone).
    """
    for column in _columns(landing) if request.holds_a_no else ():
        texts = _found(landing, column, request)
        several = [(text, address) for text, found in texts.items() if len(found) > 1 for address in found]
        names = [*(n for n, _ in declared_fields(landing.table)), *extras]
        values = {f'"{name}"': f'i."{name}"' for name in names} | {f'"{column}__normalised"': "a.address"}
        row_id, day = "md5(s._row_id || ':' || a.address)", landing_day(since)
        with landing.db.given("found_addresses", _table(several)):
            landing.db.execute(f"""
                insert into raw."{landing.refused}"
                    ({", ".join(values)}, _source, _file, _line, _pulled_at, _row_id, _day, {MENDED})
                select {", ".join(values.values())}, '{landing.source.name}', i._file, i._line,
                    {landing.pulled_at}, {row_id}, {day}, {day}
                from raw."{landing.incoming}" i
                join {landing.part("status")} s on s._n = i._n
                join found_addresses a on a.text = i."{column}"
                where s.status <> 'rejected'
                    and {row_id} not in (select r._row_id from raw."{landing.refused}" r)""")


def _columns(landing: Landing) -> list[str]:
    return [n for n, c in landing.table.columns.items() if c.identifier and c.type == "text"]


def _found(landing: Landing, column: str, request: Request) -> dict[str, list[str]]:
    """Each text without a normal form -> the addresses, or numbers, in it."""
    odd = landing.db.query(
        f"""select distinct "{column}" as text from raw."{landing.incoming}"
        where "{column}" is not null and "{column}__normalised" is null"""
    )["text"].to_pylist()
    if landing.table.columns[column].identifier == "email":
        found = {text: addresses_in(text) for text in odd}
    else:
        found = {text: phones_of(text, request.settings.project.default_country) for text in odd}
    return {text: addresses for text, addresses in found.items() if addresses}


def _table(pairs: list[tuple[str, str]]) -> pa.Table:
    return pa.table({
        "text": pa.array([text for text, _ in pairs], pa.string()),
        "address": pa.array([address for _, address in pairs], pa.string()),
    })  # fmt: skip
