"""The vendors' own descriptions of their APIs as an oracle: `Description.load("klaviyo").check(...)` says what is
wrong.

The descriptions stand beside the repository (`../shared/specs/<vendor>/`) and are no part of it; `load` gives None
where one is absent. What no description says stands in `prose.py`: limits, and vendors that publish none.
"""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from support.descriptions.documents import operations_of
from support.descriptions.operation import Operation
from support.descriptions.prose import BY_HAND, WITH_DOCUMENTS, limit
from support.descriptions.standards import Schema

__all__ = ["Description", "Schema"]

NAMING = re.compile(r"[@%]|\d{3}|^[0-9A-Za-z]{18,}$")  # an address, an id; not a version such as 2.0
SPECS = Path(__file__).resolve().parents[4] / "shared" / "specs"


class Description:
    """Every operation of a vendor's API, and the rules for a request to it."""

    def __init__(self, vendor: str, operations: Iterable[Operation]) -> None:
        self.vendor = vendor
        self.routes = sorted(
            ((pattern(one.template), one) for one in operations), key=lambda r: specificity(r[1].template)
        )

    @staticmethod
    @cache
    def load(vendor: str) -> "Description | None":
        """Read once a process; each operation's schemas are compiled when a request first meets it."""
        documented = operations_of(vendor, SPECS)
        if documented is None and (vendor not in BY_HAND or vendor in WITH_DOCUMENTS):
            return None
        operations = [*deepcopy(BY_HAND.get(vendor, [])), *(documented or [])]  # what was written by hand comes first
        limit(vendor, operations)
        return Description(vendor, operations)

    def check(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        content_type: str | None = None,
    ) -> list[str]:
        """The faults of a request, each one line; [] where the vendor's description accepts it.

        path          as it stands after the host, percent-encoded or not; a query in it counts
        query         name to value or to list of values, or as text
        headers       None leaves header parameters and credentials unchecked
        content_type  else the header of that name
        """
        path, _, tail = path.partition("?")
        values = {**in_lists(tail), **in_lists(query or {})}
        lower = None if headers is None else {name.lower(): value for name, value in headers.items()}
        media = content_type if content_type is not None else (lower or {}).get("content-type", "")
        match = self.find(method, path)
        if isinstance(match, str):
            return [match]
        one, places = match
        return one.check(places, values, lower, body, media)

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | str:
        """The operation and the values in its path; else the fault. A literal part beats a template."""
        others = []
        for match, one in self.routes:
            if places := match.fullmatch(path):
                if one.method == method.upper():
                    names = re.findall(r"{\+?([^{}]*)}", one.template)
                    return one, dict(zip(names, map(unquote, places.groups()), strict=True))
                others.append(one)
        if others:
            return f"method {method}: {others[0].template} takes {', '.join(sorted({one.method for one in others}))}"
        return f"path {shape(path)}: not described"


def shape(path: str) -> str:
    """The path with a star for each part that names a thing or a person: faults end up in logs."""
    return "/".join("*" if NAMING.search(part) else part for part in path.split("/"))


def pattern(template: str) -> re.Pattern[str]:
    """{x} is one part of a path, Google's {+x} several; what stands between is literal."""
    parts = re.split(r"({[^{}]*})", template)
    return re.compile(
        "".join(("(.+)" if p.startswith("{+") else "([^/]+?)") if p.startswith("{") else re.escape(p) for p in parts)
    )


def specificity(template: str) -> list[tuple[int, str]]:
    """Sorts literal parts before mixed ones, and those before templates, from the left."""
    kinds = [0 if "{" not in p else 1 if not re.fullmatch(r"{[^{}]*}", p) else 2 for p in template.split("/")]
    return [(kind, "" if kind == 2 else p) for kind, p in zip(kinds, template.split("/"), strict=True)]


def in_lists(query: Mapping[str, Any] | str) -> dict[str, Any]:
    return parse_qs(query, keep_blank_values=True) if isinstance(query, str) else dict(query)
