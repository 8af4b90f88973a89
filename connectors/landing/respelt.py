"""The normal form that an address or number had before its table was read anew: who said no by it is still found."""

import pyarrow as pa

from connectors.landing.tables import Landing
from core import tables
from core.warehouse import Warehouse

RESPELT = tables.Table(
    "raw.respelt_identifiers",
    pa.schema({"former": "string", "current_identifier": "string", "raw_table": "string", "column_name": "string",
               "respelt_at": "timestamp[us]"}),
)  # fmt: skip


def ensure_respelt(db: Warehouse) -> None:
    tables.ensure(db, RESPELT)


def keep_respelt(landing: Landing) -> None:
    """Each twin that is about to become another one, as qualified identifiers; once, however often it is read anew."""
    ensure_respelt(landing.db)
    for name, column in landing.table.columns.items():
        if not column.identifier:
            continue
        twin, kind = f'"{name}__normalised"', column.identifier
        landing.db.execute(
            f"""insert into {RESPELT.name} (former, current_identifier, raw_table, column_name, respelt_at)
            select distinct '{kind}:' || r.{twin}, '{kind}:' || i.{twin}, '{landing.raw}', '{name}', {landing.pulled_at}
            from raw."{landing.raw}" r join {landing.part("known")} k on k.old_id = r._row_key
            join {landing.arrived} i on i._n = k._n
            where r.{twin} <> i.{twin} and not exists (
                select 1 from {RESPELT.name} o
                where o.former = '{kind}:' || r.{twin} and o.current_identifier = '{kind}:' || i.{twin})"""
        )


def respelt_values(landing: Landing) -> dict[str, str]:
    """Twin -> SQL for its new value. A text that is no address any more by the new declaration keeps the form it had:
    without one nobody would be found by it.
    """
    names = [name for name, column in landing.table.columns.items() if column.identifier]
    return {
        f"{n}__normalised": f'case when i."{n}__normalised" is null and i."{n}" = r."{n}" then r."{n}__normalised"'
        f' else i."{n}__normalised" end'
        for n in names
    }
