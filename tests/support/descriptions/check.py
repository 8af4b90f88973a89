"""Requests against the vendor's own description, as the fakes' servers ask for it; see
tests/support/descriptions/description.py.
"""

from support.descriptions.description import Description


def check(fake, request):
    """The faults of a request; none where the description is absent with ../shared."""
    if fake.description is None:
        return []
    description = Description.load(fake.description)
    if description is None:
        return []
    query = {k: v[0] if len(v) == 1 else v for k, v in request.query.items()}
    kind = request.headers.get("content-type", "")
    faults = description.check(request.method, request.path, query, request.headers, request.body, kind)
    return [f"{request.method} {request.path}: {fault}" for fault in faults]
