"""What the vendors say of an audience: sizes and match rates, kept beside the runs in `activation.feedback`."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from activation.channel import Channel, Reports
from activation.ledger import runs
from activation.vendor import patience
from core.warehouse import Warehouse

LONGEST_SECONDS = 60.0  # a figure is not worth a longer wait
log = logging.getLogger("fairlead.activation")


def keep_figures(
    opened: Callable[[], AbstractContextManager[Warehouse]], sync: str, run_id: str | None, channel: Channel
) -> None:
    """Ask and keep. Vendors say it hours after a push, so these are the earlier pushes' figures mostly.

    No figure is a reason to fail a push: whatever goes wrong here is told in the log, and none are kept of this run.
    """
    if not isinstance(channel, Reports):
        return
    try:
        figures = patience.bounded(channel.report, LONGEST_SECONDS, "figures of the audience")
        with opened() as db:
            runs.keep_feedback(db, sync, run_id, figures)
    except Exception as error:  # its text may hold a record, so its type is told
        log.warning("FL310 %s: no figures of the audience (%s)", sync, type(error).__name__)
