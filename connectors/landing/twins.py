"""The normalised twins of identifiers that are declared after their rows have gone from the source."""

import pyarrow as pa

from connectors.landing.tables import REFUSED, Landing
from core.identifiers import normalise


def fill_twins(landing: Landing, country: str) -> None:
    """Each address that has no twin gets it, of rows that are not read anew too: staging may know them by it alone."""
    kinds = {name: column.identifier for name, column in landing.table.columns.items() if column.identifier}
    for suffix in ("", REFUSED):
        table = f'raw."{landing.raw}{suffix}"'
        for name, kind in kinds.items():
            twin = f'"{name}__normalised"'
            lacking = f'select distinct "{name}" as value from {table} where {twin} is null and "{name}" is not null'
            values = landing.db.query(lacking)["value"].cast(pa.string()).combine_chunks()
            addresses = normalise(kind, values, country)
            with landing.db.given("addresses", pa.table({"value": values, "address": addresses}).drop_null()):
                landing.db.execute(
                    f"""update {table} as r set {twin} = a.address from addresses a
                    where r."{name}" = a.value and r.{twin} is null"""
                )
