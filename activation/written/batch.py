"""Batches whose rows the engine has written: text for a request, and no Arrow column or Python object a row.

For channels whose request is a list of rows that hold an id and the mapped fields, each an object of JSON. Additions
only: what was delivered before has no part in them. Everything else goes as a ChangeBatch, as to any channel.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import pyarrow as pa

from activation.channel import ChangeBatch, Results


class WrittenRow(NamedTuple):
    """How a channel's request has one addition: these words around the id and the fields, both of which are JSON."""

    before: str
    between: str
    after: str


@dataclass(frozen=True)
class WrittenBatch:
    """Additions, each key once; of the same meaning as the ChangeBatch that `load` gives."""

    sync: str
    day: date
    run_id: str
    idempotency_key: str  # the same at every try of this batch, another for the same people at another time
    keys: pa.Array  # string
    rows: pa.Buffer = field(repr=False)  # as the channel's WrittenRow has them, commas between them, in no order
    # The same column by column, read from the warehouse: where the batch has to be cut. Raises FairleadError
    load: Callable[[], ChangeBatch] = field(repr=False)
    removes: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.keys)


@runtime_checkable
class TakesWritten(Protocol):
    """An idempotent channel that knows people by their record key, and sends additions as they are written."""

    written_row: WrittenRow

    def push_written(self, batch: WrittenBatch) -> Results:
        """As `push`, in all that may be raised and that a result says; of a list of results the order is the keys'."""
