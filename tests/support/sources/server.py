"""An API that is read, on a real socket, for the tests of connectors: what each fake in this folder is built on.

A fake is written from the vendor's documentation and shares no code with the connector. It keeps state, so that records
can be added, changed and deleted between two pulls; its pages really cut, its filters really filter, its sign-in is
really checked. A test gives `busy` the answers that the vendor gives at its limit.
"""

from typing import Any

from support.fakes import server
from support.fakes.server import Answer, Request

__all__ = ["Answer", "Request", "Vendor", "first", "part"]


class Vendor(server.Fake):
    """One vendor. A subclass in tests/support/sources/<connector>.py is called `Api`, and says what stands below."""

    connector = ""  # the folder in connectors/catalogue
    secrets: dict[str, str] = {}  # environment variable, with {SOURCE} -> what it must hold for the sign-in to be right
    places: dict[str, str] = {}  # text of the source file -> what a test needs there; {url} is the fake's address
    settings: dict[str, Any] = {}  # of the source, beside its url: its account, its path
    path = ""  # behind the fake's address, as the source's url has it: /admin/api/2024-10
    refusal = Answer(401, {"error": "unauthorised"})  # the vendor's own

    def __init__(self) -> None:
        super().__init__()
        self.busy: list[Answer] = []  # what is answered first, one for each coming request that is signed in

    def answer(self, request: Request) -> Answer:
        if not self.knows(request):
            return self.refusal
        if self.busy:
            return self.busy.pop(0)
        return self.read(request)

    def knows(self, request: Request) -> bool:
        """Whether the request is signed in."""
        raise NotImplementedError

    def read(self, request: Request) -> Answer:
        """What the vendor answers; 404 for what it does not know."""
        raise NotImplementedError

    def night(self) -> None:
        """What changes at the vendor between two pulls: something new, something changed, something deleted."""
        raise NotImplementedError

    def expected(self) -> dict[str, Any]:
        """Entity -> what staging must hold of the state of now: a number of rows, or the rows as {column: value}.

        Keys are those of a source that is called as its connector.
        """
        raise NotImplementedError

    def asked(self, path: str) -> list[dict[str, str]]:
        """The parameters of each request whose path ends so, in order."""
        return [{k: v[0] for k, v in r.query.items()} for r in self.requests if r.path.endswith(path)]


def first(request: Request, name: str, default: Any = None) -> Any:
    """A parameter's first value."""
    return request.query.get(name, [default])[0]


def part(rows: list[Any], start: int, size: int) -> tuple[list[Any], bool]:
    """The rows of a page, and whether there are more behind it."""
    return rows[start : start + size], start + size < len(rows)
