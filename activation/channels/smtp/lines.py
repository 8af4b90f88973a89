"""Many messages over few connections: what becomes of each when the server ends one in the middle."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from activation.channel import ACCEPTED, IN_DOUBT, SKIPPED, NotSent
from activation.channels.smtp.session import Line, LineLost, Server, Verdict
from activation.vendor import patience
from core.errors import FatalError

LATER = "(asked again at the next run)"
LOST_IN_A_ROW = (
    2  # one message that a server will not hear to its end must not hold up the others; two are the server's
)


@dataclass(frozen=True)
class Envelope:
    sender: str
    to: str
    message: bytes = field(repr=False)


@dataclass(repr=False)
class Lines:
    """Connections that wait for their next use, whichever thread it is that comes."""

    server: Server
    messages_each: int
    idle: list[Line] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, envelopes: Sequence[Envelope]) -> list[Verdict]:
        """Raises NotSent or FatalError only where no message has left; else skips what has not, with the reason."""
        verdicts: list[Verdict] = []
        run = _Run(self)
        try:
            for envelope in envelopes:
                try:
                    if verdicts:
                        patience.check()  # an end that is wanted comes after a message, not after a batch
                    verdicts.append(run.send(envelope))
                except (NotSent, FatalError) as error:
                    if not any(status in (ACCEPTED, IN_DOUBT) for status, _ in verdicts):
                        raise
                    later: Verdict = (SKIPPED, f"{error} {LATER}")
                    return verdicts + [later] * (len(envelopes) - len(verdicts))
            return verdicts
        finally:
            self.give(run.line)

    def take(self) -> Line | None:
        with self.lock:
            usable, old = [x for x in self.idle if not x.stale], [x for x in self.idle if x.stale]
            free_line, self.idle = (usable[-1], usable[:-1]) if usable else (None, [])
        for line in old:
            line.quit()
        return free_line

    def give(self, line: Line | None) -> None:
        if line is not None and line.open:
            with self.lock:
                self.idle.append(line)

    def close(self) -> None:
        with self.lock:
            lines, self.idle = self.idle, []
        for line in lines:
            line.quit()


@dataclass
class _Run:
    """One batch's way through the lines."""

    lines: Lines
    line: Line | None = None
    lost: int = 0

    def send(self, envelope: Envelope) -> Verdict:
        """A line that has worked and is lost before the message left is replaced, once. Raises NotSent, FatalError."""
        line = self._current()
        if line.uses:
            try:
                return self._over(line, envelope)
            except LineLost:
                self.line = line = self.lines.server.connect()
        try:
            return self._over(line, envelope)
        except LineLost as error:
            self.lost += 1
            if error.at_message and self.lost < LOST_IN_A_ROW:
                return SKIPPED, f"{error} {LATER}"
            raise NotSent(f"smtp: the server ends the connection ({error})") from None

    def _current(self) -> Line:
        line = self.line if self.line is not None and self.line.open else self.lines.take()
        if line is not None and line.uses >= self.lines.messages_each:
            line.quit()
            line = None
        self.line = line or self.lines.server.connect()
        return self.line

    def _over(self, line: Line, envelope: Envelope) -> Verdict:
        try:
            outcome = line.send(envelope.sender, envelope.to, envelope.message)
        except FatalError:
            line.quit()
            raise
        self.lost = 0
        return outcome
