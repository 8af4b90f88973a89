"""How the rows of a table were read: the declaration they landed under, and what of it is said otherwise today."""

import json
from typing import Any

import pyarrow as pa

from connectors.landing.tables import DECLARATIONS, Landing
from connectors.source import Table
from core.warehouse import Warehouse

# What decides how a row is read or whether it is refused; where rows come from, and when, is no reading.
READ_BY = ("columns", "key", "nulls", "encoding", "delimiter", "quote", "decimal", "thousands", "header", "header_line",
           "format", "expectations")  # fmt: skip


def declaration_of(table: Table) -> str:
    said = table.model_dump(mode="json", include=set(READ_BY), exclude_defaults=True)
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def stored(db: Warehouse, source: str, name: str) -> dict[str, Any] | None:
    """The declaration under which a table's rows were read; None where nothing was ever kept of it."""
    if not db.exists(DECLARATIONS.name):
        return None
    sql = "select declaration from raw.declarations where source = $1 and table_name = $2"
    texts = db.query(sql, [source, name])["declaration"].to_pylist()
    return dict(json.loads(texts[0])) if texts else None


def changes(db: Warehouse, source: str, name: str, table: Table) -> list[str]:
    """The columns, and other words of the declaration, that say something else than when the rows were read."""
    before, now = stored(db, source, name), json.loads(declaration_of(table))
    if before is None:
        return []
    old_columns, new_columns = before.get("columns", {}), now["columns"]
    columns = [n for n in dict.fromkeys([*new_columns, *old_columns]) if old_columns.get(n) != new_columns.get(n)]
    return columns + [word for word in READ_BY[1:] if before.get(word) != now.get(word)]


def notice(db: Warehouse, source: str, name: str, table: Table) -> list[str]:
    """What a pull and `doctor` say of a declaration that was changed since the rows were read."""
    changed = changes(db, source, name, table)
    if not changed:
        return []
    return [
        f"declared otherwise since its rows were read: {', '.join(changed)}. What landed before stands as it was read;"
        f" `fairlead pull --again {source}.{name}` reads it anew."
    ]


def keep(landing: Landing, is_read_anew: bool) -> None:
    """Remember the declaration: of a table's first rows, and when all of them were read anew."""
    place = [landing.source.name, landing.name]
    if not is_read_anew and stored(landing.db, *place) is not None and not _is_empty(landing):
        return
    landing.db.execute("delete from raw.declarations where source = $1 and table_name = $2", place)
    row = {"source": place[0], "table_name": place[1], "declaration": declaration_of(landing.table)}
    landing.db.load(
        DECLARATIONS.name, pa.Table.from_pylist([row | {"declared_at": landing.at}], schema=DECLARATIONS.columns)
    )


def _is_empty(landing: Landing) -> bool:
    """Nothing of it has landed or was refused, before this pull's own rows."""
    own = [landing.source.name, landing.name, landing.at]
    rejects = "select 1 from raw.rejects where source = $1 and table_name = $2 and rejected_at <> $3 limit 1"
    rows = f'select 1 from raw."{landing.raw}" where _pulled_at <> $1 limit 1'
    return not landing.db.query(rows, [landing.at]).num_rows and not landing.db.query(rejects, own).num_rows
