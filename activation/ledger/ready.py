"""The ledger as whoever writes to it next finds it: all tables there, and all taken in that a killed push had noted."""

from activation.delivery import outgoing
from activation.ledger import accepted, tables
from core.warehouse import Warehouse


def make_ready(db: Warehouse) -> None:
    tables.create_tables(db)
    accepted.fold_all(db, outgoing.table)
