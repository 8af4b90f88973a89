"""The normalised twins of identifiers that are declared after their rows have gone from the source."""

import pyarrow as pa

from connectors.landing.tables import REFUSED, Landing
from core.countries import country_codes
from core.identifiers import normalise


def fill_twins(landing: Landing, country: str) -> None:
    """Each address that has no twin gets it, of rows that are not read anew too: staging may know them by it alone."""
    columns = {name: (c.identifier, c.country) for name, c in landing.table.columns.items() if c.identifier}
    for suffix in ("", REFUSED):
        table = f'raw."{landing.raw}{suffix}"'
        for name, (kind, country_column) in columns.items():
            twin, land = f'"{name}__normalised"', f'"{country_column}"' if country_column else "cast(null as text)"
            lacking = landing.db.query(
                f"""select distinct "{name}" as value, {land} as land from {table}
                where {twin} is null and "{name}" is not null"""
            )
            values, lands = (lacking[part].cast(pa.string()).combine_chunks() for part in ("value", "land"))
            codes = country_codes(lands) if country_column else None
            addresses = normalise(kind, values, country, codes)
            found = pa.table({"value": values, "land": lands, "address": addresses})
            with landing.db.given("addresses", found.filter(found["address"].is_valid())):
                landing.db.execute(
                    f"""update {table} as r set {twin} = a.address from addresses a
                    where r."{name}" = a.value and {land.replace('"', 'r."', 1)} is not distinct from a.land
                        and r.{twin} is null"""
                )
