"""Lists inside rows as tables of their own: the items of an order, the consents of a customer."""

import json
from typing import Any

import pyarrow as pa

from connectors.understand.dictionary import noun_of
from connectors.understand.looking.naming import column_name
from connectors.understand.looking.proposal import ITEM, Proposal, TableProposal
from connectors.understand.looking.scratch import MOST_RECORDS, as_text, paths_of
from connectors.understand.looking.tables import table_of
from connectors.understand.names import meanings_of
from core.settings import Settings

OF_LINES = {"product_key", "product_name", "quantity", "unit_price"}


def unfold(proposal: Proposal, settings: Settings) -> None:
    """Add a table for each list of objects in a table that has a key. A pull lands the list; staging takes it apart."""
    for table in list(proposal.tables):
        for column in table.of_type("json"):
            if table.key and any(text[:2] == "[{" for text in table.facts[column].texts[:50]):
                found = _table(proposal, settings, table, column)
                if found is not None:
                    proposal.tables.append(found)


def _table(proposal: Proposal, settings: Settings, table: TableProposal, column: str) -> TableProposal | None:
    scratch = proposal.scratch
    cells = [scratch.cell(table.name, table.source_of(c)) for c in [*table.key, column]]
    rows = scratch.rows(
        f"select {', '.join(cells)} from {scratch.table(table.name)} where {cells[-1]} is not null"
        " order by _origin, _line"
    )
    named = [f"{_row_of(table)}_{key.removesuffix('_oid')}" for key in table.key]
    records = _items(rows, named)
    if not records:
        return None
    header = tuple(dict.fromkeys(name for record in records for name in record))
    data = pa.table([pa.array([r.get(name) for r in records], pa.string()) for name in header], names=list(header))
    name = _name(table, column, header)
    scratch.keep(name, header, data)
    found = table_of(
        name, {"kind": table.reading["kind"], "decimal": table.reading.get("decimal", ".")}, scratch, settings
    )
    found.list_of = table.name, column
    for declared in found.columns.values():
        declared.pop("identifier", None)  # twins of addresses are made where a row lands
    found.key = [*(c for name in named if (c := found.name_of(name))), ITEM]
    found.key_because = f"the key of {table.name} and the place in its {column}"
    return found


def _items(rows: list[tuple[Any, ...]], keys: list[str]) -> list[dict[str, str | None]]:
    """The objects of all lists, flat, with the keys of the rows that hold them."""
    records: list[dict[str, str | None]] = []
    for *values, text in rows:
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            continue
        for place, item in enumerate(listed if isinstance(listed, list) else [], 1):
            if isinstance(item, dict):
                own = {path: as_text(value) for path, value in paths_of(item, "")}
                records.append(dict(zip(keys, values, strict=True)) | {ITEM: str(place)} | own)
        if len(records) > MOST_RECORDS:
            break
    return records


def _name(table: TableProposal, column: str, header: tuple[str, ...]) -> str:
    """A list of an order is its lines where it names products or pieces; else it is called as it is."""
    roles = {role for name in header for entity, role, _ in meanings_of(column_name(name)) if entity == "order_lines"}
    is_of_orders = (noun_of(table.name) or ("",))[0] == "orders"
    return f"{table.name}_lines_{column}" if is_of_orders and roles & OF_LINES else f"{table.name}_{column}"


def _row_of(table: TableProposal) -> str:
    """What a table's row is called in English: order_id in its list is the number of the order."""
    noun = noun_of(table.name)
    return noun[1] if noun and noun[0] != "other" else table.name
