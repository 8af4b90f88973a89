"""What is under way at vendors: how their jobs have ended (`fairlead collect`), and an end to them and to the pushes
that run (`fairlead cancel`)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from activation.catalogue import find_channel
from activation.channel import BatchRejected, TakesJobs
from activation.delivery.answers import Memory
from activation.delivery.feedback import keep_figures
from activation.delivery.journal import Journal
from activation.delivery.results import numbered
from activation.delivery.settle import settle
from activation.delivery.turn import turn
from activation.ledger import runs
from activation.ledger.ready import make_ready
from activation.participation import fault, opened, why_off
from activation.sync import Sync, load_syncs
from activation.vendor import patience
from core.errors import FairleadError, StoppedError
from core.settings import Settings
from core.warehouse import connect, hold

CANCEL_SECONDS = 60.0  # of asking a vendor to stop a job
STILL_WAITING = 3  # the exit code that tells a sensor to come again


def collect(settings: Settings, syncs: Sequence[str] = (), stopped: Callable[[], str] = lambda: "") -> dict[str, Any]:
    """The object of `fairlead collect --json`: the fate of vendors' jobs; exit_code 3 while some are not done.

    stopped   why an end is wanted: what has not been asked by then stays under way. Raises Stopped

    ok unless a sync's jobs have delivered nobody and refused somebody: who waits for the audience must know that.
    """
    settled: list[dict[str, Any]] = []
    for name, sync in load_syncs(settings, list(syncs)).items():
        counts: Mapping[str, Any]
        try:
            counts = {} if why_off(settings, sync) else _collected(settings, sync, stopped)
        except (StoppedError, patience.Stopped):
            raise
        except Exception as error:  # the other vendors' jobs are asked for all the same
            counts = {"error": fault(sync, error)}
        if counts:
            settled.append({"sync": name, "channel": sync.channel, **counts})
    waiting = sum(t.get("waiting", 0) for t in settled)
    ok = all(t.keys() & {"delivered", "removed", "waiting"} for t in settled)
    return {"ok": ok, "waiting": waiting, "syncs": settled, "exit_code": STILL_WAITING if waiting else int(not ok)}


def _collected(settings: Settings, sync: Sync, stopped: Callable[[], str]) -> Mapping[str, int]:
    """What has become of the people in one sync's jobs."""
    with hold(settings, f"push.{sync.name}"), opened(settings, sync) as channel:
        memory = Memory.of(find_channel(settings, sync.channel).ABOUT, sync)
        warehouse = partial(turn, settings, stopped)
        with warehouse() as db:
            make_ready(db)
        counts = settle(warehouse, sync.name, channel, Journal(settings.home, sync.name), memory, stopped)
        if counts:
            keep_figures(warehouse, sync.name, None, channel)
        return counts


def cancel(settings: Settings, syncs: Sequence[str], reason: str) -> dict[str, Any]:
    """Ask the running pushes of these syncs to end, which they see within seconds, and stop their vendors' jobs.

    What a stopped job did until then `collect` or the next push asks. With nothing running it does nothing.
    """
    selection = load_syncs(settings, list(syncs))
    with connect(settings, writer="activation") as db:
        make_ready(db)
        for name in selection:
            runs.ask_to_cancel(db, name, reason)
        under_way = db.query(
            "select distinct sync, job from activation.sending where job is not null order by sync, job"
        )
    jobs = [row for row in under_way.to_pylist() if row["sync"] in selection]
    failed = [words for row in jobs if (words := _stop_job(settings, selection[row["sync"]], row["job"]))]
    more = {"errors": failed} if failed else {}
    return {"ok": not failed, "cancelled": list(selection), "jobs": len(jobs), "reason": reason, **more}


def _stop_job(settings: Settings, sync: Sync, job: str) -> str:
    """Why the vendor could not be told, '' where it was: one that does not answer holds up none of the other jobs."""
    try:
        with opened(settings, sync) as channel:
            if isinstance(channel, TakesJobs):
                cancel = channel.cancel
                patience.bounded(lambda: cancel(job), CANCEL_SECONDS, sync.channel)
    except (FairleadError, BatchRejected) as error:
        return f"{sync.name}: {numbered(error)}"
    except Exception as error:
        return fault(sync, error)
    return ""
