"""The tables that people writes, and the plain SQL by which it reads and writes them through a warehouse it is
handed.
"""

from core.tables import Table
from core.warehouse import Warehouse
from people.resolve import IDENTIFIERS, ISSUED, LINKS, MERGES, PEOPLE, History, Resolution

IDENTITY = (
    Table("identity.person_identifiers", IDENTIFIERS),
    Table("identity.people", PEOPLE),
    # an earlier version held chains: there each row's survivor is the next link
    Table("identity.merges", MERGES, backfill={"merged_into": "person_id"}),
    Table("identity.links", LINKS),
    Table("identity.issued", ISSUED),
)


def history(db: Warehouse) -> History:
    """What earlier nights decided about identity."""
    issued, merges, identifiers = (
        db.query(f"select {', '.join(schema.names)} from {table}").cast(schema)
        for table, schema in (
            ("identity.issued", ISSUED), ("identity.merges", MERGES), ("identity.person_identifiers", IDENTIFIERS))
    )  # fmt: skip
    return History(issued, merges, identifiers)


def write_identity(db: Warehouse, resolution: Resolution) -> None:
    """The whole identity schema in one transaction: readers see yesterday or today, never half."""
    with db.transaction():
        db.load("identity.person_identifiers", resolution.person_identifiers, "replace")
        db.load("identity.people", resolution.people, "replace")
        db.load("identity.merges", resolution.merges, "replace")
        db.load("identity.links", resolution.links, "replace")
        db.load("identity.issued", resolution.issued, "replace")
