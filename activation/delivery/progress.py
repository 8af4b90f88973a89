"""How far the push of one sync is: what the planning, the sending and the closing of it have in common."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from activation.delivery.journal import Journal
from activation.delivery.outcomes import Stop
from activation.delivery.route import Route
from activation.delivery.tally import Tally
from activation.delivery.turn import turn
from activation.ledger import runs
from core.warehouse import Warehouse


@dataclass
class Progress:
    """Of one run: its counts, and whether it goes on."""

    route: Route
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    stop: Stop | None = None  # why nothing new is begun
    by_row: int = 0  # how many of the outgoing rows come before those that the engine has written
    first: bool = False  # the ledger knew nobody of this sync when the run began
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.journal = Journal(self.route.settings.home, self.route.sync.name)
        self.tally = Tally(self.route.sync.name, self.run_id, self.route.memory.payload)

    def why(self) -> str:
        """Why nothing new is to be begun; '' while it may be."""
        if self.stop is None and (why := self.route.request.stopped()):
            self.stop = Stop("cancelled", why)
        return self.stop.text if self.stop else ""

    def look_for_cancel(self, db: Warehouse) -> None:
        reason = runs.cancelled(db, self.route.sync.name, self.run_id)
        if reason is not None and not self.stop:
            self.stop = Stop("cancelled", f"FL111 cancelled: {reason}")
        self.why()

    def write_answers(self, db: Warehouse, ended: bool = False) -> None:
        """Those that have come and are not yet in the ledger."""
        self.tally.write(db, self.first)
        self.tally.fold(db, self.first, ended)

    @contextmanager
    def warehouse(self) -> Iterator[Warehouse]:
        """Open for a short turn; never while the network is waited for."""
        with turn(self.route.settings, self.why) as db:
            yield db
