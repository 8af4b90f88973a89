"""Errors grouped by what to do next. Every message says what, where, and the mend; none holds personal data.

Whoever has to decide by an error decides by its class or its `code`, never by its words.
"""


class FairleadError(Exception):
    """What every error of ours is; the command line prints it without a traceback."""

    def __init__(self, *words: str, code: str = "") -> None:
        """code   the number of docs/reference/errors.md, which stands once, before the words; '' where there is none"""
        super().__init__(*words)
        self.code = code

    def __str__(self) -> str:
        return numbered(super().__str__(), self.code)


class ConfigError(FairleadError):
    """The words or a file are wrong: a person mends them; trying again does not help. Exit code 2."""

    def __init__(self, *mistakes: str, code: str = "") -> None:
        """mistakes   one sentence each; every one of them is shown with the number"""
        self.mistakes = [numbered(mistake, code) for mistake in mistakes]
        super().__init__("\n".join(self.mistakes), code=code)

    def __str__(self) -> str:
        return "\n".join(self.mistakes)


class RetryableError(FairleadError):
    """The outside world failed (source down, lock held, rate limit): the same step may go through later.

    Exit code 1.
    """


class StoppedError(RetryableError):
    """Somebody asked for the end (SIGTERM, Ctrl-C): nothing half-done is kept; whoever catches it begins nothing
    new.
    """


class FatalError(FairleadError):
    """The step must not go on (contract breached, guard tripped, disk full): look before you run it again.

    Exit code 1.
    """


class RecordError(FairleadError):
    """One record is unusable: it goes to rejects or the ledger with this reason, the rest goes on."""


def numbered(words: str, code: str) -> str:
    """The words behind their number; words that begin with it already keep it once."""
    return words if not code or words.startswith(f"{code} ") else f"{code} {words}"
