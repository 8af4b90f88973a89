"""Requests against the vendor's own description, as the fakes' servers ask for it; see tests/activation/described.py."""

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent / "activation"


def check(fake, request):
    """The faults of a request; none where the description is absent with ../shared."""
    if fake.description is None:
        return []
    description = _described().Description.load(fake.description)
    if description is None:
        return []
    query = {k: v[0] if len(v) == 1 else v for k, v in request.query.items()}
    kind = request.headers.get("content-type", "")
    faults = description.check(request.method, request.path, query, request.headers, request.body, kind)
    return [f"{request.method} {request.path}: {fault}" for fault in faults]


def _described():
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return importlib.import_module("described")
