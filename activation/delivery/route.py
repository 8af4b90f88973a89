"""What a push is asked to do, and the way each sync's changes take: read once, and the same from beginning to end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from activation.channel import About, Channel
from activation.delivery.answers import Memory
from activation.delivery.pace import Pace
from activation.delivery.send import Retry
from activation.sync import Sync
from core.settings import Settings

Tell = Callable[[str, int, int], None]  # sync, rows done, rows in all: for a progress bar


@dataclass(frozen=True)
class Wish:
    """What the command line may ask of one push beside its day."""

    overrides: Mapping[str, str] = field(default_factory=dict)  # guard -> reason
    only: str = ""  # one person_id: a test of one row
    resend: bool = False  # everybody is sent again
    rebaseline: bool = False  # the ledger takes over the present payloads as delivered; nothing is sent
    rejected_only: bool = False  # `fairlead retry`
    withdrawals_only: bool = False  # nobody but who has withdrawn, and is taken out: needs no audience
    moved: str = ""  # how its place differs from that of its last push, where that was overridden
    digest: str = ""  # of a saved plan: refused when the world has moved since


@dataclass(frozen=True)
class PushRequest:
    """One command's push."""

    syncs: Sequence[str] = ()  # (): all
    wish: Wish = field(default_factory=Wish)
    retry: Retry = field(default_factory=Retry)
    digests: Mapping[str, str] | None = (
        None  # of a saved plan, by sync: these only, and only if nothing has changed since
    )
    only_orphans: bool = False  # nothing but who has withdrawn, of syncs whose file is gone
    tell: Tell = lambda sync, position, total: None
    stopped: Callable[[], str] = lambda: ""  # why the whole process wants to end; '' while it does not


@dataclass(frozen=True)
class Route:
    """From one sync's audience to its channel."""

    settings: Settings
    day: date
    sync: Sync
    channel: Channel
    about: About
    request: PushRequest
    wish: Wish  # of this sync
    pace: Pace  # shared by the channel's syncs
    credential_expires: date | None = None

    @cached_property
    def memory(self) -> Memory:
        return Memory.of(self.about, self.sync)
