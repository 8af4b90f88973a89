"""What a table's texts, by column, seem to be: types, identifiers, a cursor. Each type is tried on every value."""

import re
from dataclasses import replace
from typing import Any

import pyarrow as pa

from connectors.column import Column
from connectors.source import Table
from connectors.understand.filling.strong_ids import declare_strong_ids
from connectors.understand.looking.guess import (
    FITS,
    NUMERIC,
    Guess,
    are_accounts,
    decimal_of,
    digits_of,
    guess,
    thousands_of,
    unit_of,
    with_digits,
    with_minus,
    without_unit,
)
from connectors.understand.looking.naming import column_name
from connectors.understand.looking.proposal import NOTHING, TableProposal
from connectors.understand.looking.scratch import Facts, Scratch
from connectors.understand.names import meanings_of
from connectors.values.typed import typed_sql
from core.identifiers import normalise_emails, normalise_phones
from core.settings import Settings

CURSORS = [
    "updated_at",
    "modified_at",
    "updated",
    "last_modified",
    "lastmodifieddate",
    "updated_on",
    "systemmodstamp",
    "date_modified_gmt",
    "geaendert_am",
    "aktualisiert_am",
    "date_modification",
    "modifie_le",
    "fecha_actualizacion",
    "atualizado_em",
    "gewijzigd_op",
]
READ_BY = ("type", "format", "unit", "accounting", "words")  # of a column: how its texts become values
CODED = {"phone", "postal_code", "loyalty_card", "record_id"}
COMMA_DECIMAL = re.compile(r"-?\d+,\d{1,2}")
DAYS_ENOUGH = 0.9  # share of the values of a birth date that must be days; no human is refused for the others
IDENTIFIED = 500  # values by which an address or a number is known


def table_of(name: str, reading: dict[str, Any], scratch: Scratch, settings: Settings) -> TableProposal:
    """What a table's texts, by column, seem to be."""
    facts = scratch.facts(name)
    if has_commas := _take_commas(name, reading, scratch, facts):
        facts = scratch.facts(name)
    delimiter = reading.get("delimiter")
    accounts = {source for source, f in facts.items() if are_accounts(_given(f))}
    signed = {s: [with_minus(t) for t in _given(f)] if s in accounts else f.texts for s, f in facts.items()}
    given = {s: [t for t in texts if t.lower() not in NOTHING] or texts for s, texts in signed.items()}
    units = {source: unit for source, texts in given.items() if (unit := unit_of(texts))}
    plain_texts = {s: [without_unit(t, units.get(s)) for t in texts] for s, texts in given.items()}
    decimal = "," if has_commas else decimal_of(plain_texts, delimiter)
    if decimal == ",":
        reading = {**reading, "decimal": decimal}
    elif decimal == "." and reading["kind"] == "files" and (thousands := thousands_of(plain_texts)):
        reading = {**reading, "thousands": thousands}
    table = TableProposal(name, {}, reading, is_whole=scratch.is_whole[name])
    guesses: dict[str, Guess] = {}
    for source, of_column in facts.items():
        column = column_name(source)
        while not column or column in table.columns:
            column = f"{column or 'column'}_more"
        guesses[source] = _guessed(
            column, of_column, decimal, delimiter, units.get(source), reading, source in accounts
        )
        table.columns[column] = guesses[source].column() | ({"from": source} if column != source else {})
        table.facts[column] = of_column
        table.rows = of_column.rows
        if "." in source:
            table.aliases.setdefault(column_name(source.split(".", 1)[1]), column)
    _try_types(table, scratch, {"decimal": decimal or ".", "thousands": reading.get("thousands")})
    for column, declared in table.columns.items():
        guessed = guesses[table.source_of(column)]
        if guessed.note:
            table.notes.append(f"{table.source_of(column)}: {guessed.note}")
        identifier = _identifier(column, table.facts[column].texts, settings) if declared["type"] == "text" else None
        if identifier:
            declared["identifier"] = identifier
    declare_strong_ids(table)
    if not table.columns:
        table.columns = {"column_1": {"type": "text"}}
        table.facts = {"column_1": Facts(0, 0, 0)}
    table.cursor = next((c for c in CURSORS if table.columns.get(c, {}).get("type") == "timestamp"), None)
    return table


def _take_commas(name: str, reading: dict[str, Any], scratch: Scratch, facts: dict[str, Facts]) -> bool:
    """JSON's own numbers have a point; beside texts such as 12,50 they take the comma here, as a pull reads them."""
    if reading["kind"] == "sql" or reading.get("delimiter"):
        return False
    numeric = [s for s, f in facts.items() if f.texts and all(NUMERIC.fullmatch(t) for t in f.texts)]
    is_mixed = any(
        any(COMMA_DECIMAL.fullmatch(t) for t in facts[s].texts)
        and not any("," in t and "." in t for t in facts[s].texts)
        for s in numeric
    )
    for source in numeric if is_mixed else ():
        cell = scratch.cell(name, source)
        scratch.engine.execute(f"update {scratch.table(name)} set {cell} = replace({cell}, '.', ',')")
    return is_mixed


def _given(facts: Facts) -> list[str]:
    """Values, without those that mean that there is none."""
    return [t for t in facts.texts if t.lower() not in NOTHING] or facts.texts


def _guessed(
    column: str,
    facts: Facts,
    decimal: str | None,
    delimiter: str | None,
    unit: str | None,
    reading: dict[str, Any],
    has_accounts: bool,
) -> Guess:
    """By the column's values; a number that bears a unit or parentheses by what stands in them."""
    texts = _given(facts)
    is_code = any(role in CODED or role.endswith("_key") or e == "person" for e, role, _ in meanings_of(column))
    if digits := digits_of(texts):
        found = guess(column, [with_digits(t, digits) for t in texts], decimal, delimiter, is_code)
        is_read = found.type in ("integer", "number") or "%" in (found.format or "")
        return replace(found, words=digits | (found.words or {})) if is_read else Guess("text")
    if unit is not None or has_accounts:
        bare = [without_unit(with_minus(t) if has_accounts else t, unit) for t in texts]
        bare = [t.replace(",", "") for t in bare] if reading.get("thousands") else bare
        found = guess(column, bare, decimal, delimiter)
        is_number = found.type in ("integer", "number")
        told = replace(found, unit=unit, accounting=has_accounts)
        return told if is_number else guess(column, texts, decimal, delimiter, is_code)
    if reading.get("thousands") and all(NUMERIC.fullmatch(t) for t in texts):
        texts = [t.replace(",", "") for t in texts]
    return guess(column, texts, decimal, delimiter, is_code)


def _try_types(table: TableProposal, scratch: Scratch, written: dict[str, Any]) -> None:
    """Each type on every value: what would be refused is told, and too much of it makes the column a text."""
    typed = [c for c, declared in table.columns.items() if declared["type"] != "text"]
    if not typed:
        return
    stub = Table(kind="files", pattern="x", columns={"v": Column(type="text")}, **written)
    cells = {c: scratch.cell(table.name, table.source_of(c)) for c in typed}
    tests = {}
    for column in typed:
        asked_of = {k: v for k, v in table.columns[column].items() if k in READ_BY}
        read = typed_sql(cells[column], Column(**asked_of), pa.string(), stub)
        tests[column] = f"{cells[column]} is not null and ({read}) is null"
    asked = ", ".join(
        f"count(*) filter (where {test}), list_slice(list(distinct {cells[c]}) filter (where {test}), 1, 20)"
        for c, test in tests.items()
    )
    answer = scratch.rows(f"select {asked} from {scratch.table(table.name)}")[0]
    for i, column in enumerate(typed):
        bad, values = answer[2 * i], answer[2 * i + 1] or []
        if bad:
            _mend(table, column, bad, values)


def _mend(table: TableProposal, column: str, bad: int, values: list[str]) -> None:
    """A column of which not every value reads as its type."""
    source, kind = table.source_of(column), table.columns[column]["type"]
    if kind == "date" and is_birth_date(column) and bad <= (1 - DAYS_ENOUGH) * table.facts[column].filled:
        table.columns[column] = {k: v for k, v in table.columns[column].items() if k == "from"} | {"type": "text"}
        table.notes.append(f"{source}: {bad} of {table.facts[column].filled} are no day; staging reads the others")
        return
    if len(values) < 20 and all(v.lower() in NOTHING for v in values):
        table.reading["nulls"] = sorted({*table.reading.get("nulls", []), *values})
        table.notes.append(f"{source}: {', '.join(values)} in {bad} rows is taken for no value (`nulls`)")
        return
    if bad > (1 - FITS) * table.facts[column].filled:
        table.columns[column] = {k: v for k, v in table.columns[column].items() if k == "from"} | {"type": "text"}
        table.notes.append(f"{source}: {bad} of {table.facts[column].filled} values are no {kind}; kept as text")
        return
    table.notes.append(
        f"{source}: {bad} of {table.facts[column].filled} values are no {kind}; a pull refuses their rows"
    )


def is_birth_date(column: str) -> bool:
    return any((entity, role) == ("people", "birth_date") for entity, role, _ in meanings_of(column))


def _identifier(name: str, texts: list[str], settings: Settings) -> str | None:
    """By values: most that hold an @ are addresses, whatever the column is called."""
    sample = pa.array(texts[:IDENTIFIED], pa.string())
    if not texts:
        return None
    if (
        sum("@" in v for v in texts[:IDENTIFIED]) > len(sample) * 0.5
        and normalise_emails(sample).null_count < len(sample) * 0.2
    ):
        return "email"
    if (
        re.search(r"phone|mobil|tel|handy|celular|cellulare|movil|portable|gsm|komork|msisdn|rufnummer", name)
        and normalise_phones(sample, settings.project.default_country).null_count < len(sample) * 0.5
    ):
        return "phone"
    return None
