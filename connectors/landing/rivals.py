"""Two different rows of one key that came together: of such, staging keeps one, and somebody should know."""

from connectors.landing.tables import Landing

MOST_NAMED = 3


def rival_warnings(landing: Landing) -> list[str]:
    """How many keys came with rows that differ, of one file (or one reading) and at one cursor."""
    table = landing.table
    if not table.key:
        return []
    by = [*table.key, *([table.cursor] if table.cursor and table.cursor not in table.key else []), "_origin", "_day"]
    named = ", ".join(f'"{column}"' for column in by)
    filled = " and ".join(f'"{column}" is not null' for column in table.key)
    repeated = f"select {named} from {landing.arrived} where {filled} group by {named} having count(*) > 1"
    if not landing.db.query(f"select count(*) as n from ({repeated}) as repeated")["n"][0].as_py():
        return []
    differing = " or ".join(
        f'min(cast(r."{column}" as text)) <> max(cast(r."{column}" as text))'
        f' or count(r."{column}") not in (0, count(*))'
        for column in table.columns if column not in by
    )  # fmt: skip
    if not differing:
        return []
    same = " and ".join(f'r."{column}" is not distinct from k."{column}"' for column in by)
    grouped = ", ".join(f'r."{column}"' for column in by)
    rivals = (
        f"select 1 as n from {landing.arrived} as r inner join ({repeated}) as k on {same}"
        f" group by {grouped} having {differing}"
    )
    count = landing.db.query(f"select count(*) as n from ({rivals}) as rivals")["n"][0].as_py()
    if not count:
        return []
    return [
        f"{count} keys ({', '.join(table.key[:MOST_NAMED])}) came with two or more different rows at once: it is "
        "no key, or the rows are wrong. Staging keeps one of each. Give a key that tells them apart, or take `key` out"
    ]
