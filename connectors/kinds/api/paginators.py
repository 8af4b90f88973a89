"""How a declared pagination goes on: dlt's paginators, and the ends that an API may give beside them."""

from collections.abc import Callable
from typing import Any

from connectors.kinds.api.question import put
from connectors.kinds.api.spec import Paginate


def paginator_of(paginate: Paginate) -> Any:
    """A fresh one, for one question."""
    paginator = _plain(paginate)
    if paginate.has_more or paginate.end_when or paginate.total_header:
        paginator.update_state = _ending(paginator, paginate, paginator.update_state)
    return paginator


def _plain(paginate: Paginate) -> Any:
    from dlt.sources.helpers.rest_client import paginators as p

    if paginate.type == "page":
        return p.PageNumberPaginator(
            base_page=paginate.first_page, total_path=paginate.total, **_place(paginate.param or "page", "page")
        )
    if paginate.type == "offset":
        return p.OffsetPaginator(
            limit=paginate.size, total_path=paginate.total, **_place(paginate.param or "offset", "offset"),
            **_place(paginate.size_param, "limit"),
        )  # fmt: skip
    if paginate.type == "cursor":
        place = _place(paginate.param or "cursor", "cursor")
        cursor = p.JSONResponseCursorPaginator(cursor_path=paginate.next, **place)
        return _in_lists(cursor) if paginate.param.startswith("body.") else cursor
    if paginate.type == "link_header":
        return p.HeaderLinkPaginator()
    if paginate.type == "next_url":
        return _next_address(paginate.next)
    return p.SinglePagePaginator()


def _place(param: str, name: str) -> dict[str, Any]:
    """Where dlt puts a page, an offset, a limit or a cursor: a parameter, or a dotted path in the body."""
    if param.startswith("body."):
        return {f"{name}_body_path": param.removeprefix("body.")}
    return {f"{name}_param": param}


def _in_lists(paginator: Any) -> Any:
    """A cursor in the body, also in a list there, which dlt takes for an object."""

    def update_request(request: Any) -> None:
        put(request.json, paginator.cursor_body_path, paginator._next_reference)

    paginator.update_request = update_request
    return paginator


def _ending(paginator: Any, paginate: Paginate, plain: Callable[..., None]) -> Callable[..., None]:
    """The state of a page, ended where the answer says so."""
    from dlt.common import jsonpath

    pages = 0

    def told(path: str | None, response: Any) -> bool:
        value = next(iter(jsonpath.find_values(path, response.json())), None) if path else None
        return str(value).lower() == "true"

    def update_state(response: Any, data: list[Any] | None = None) -> None:
        nonlocal pages
        pages += 1
        is_last = (paginate.has_more and not told(paginate.has_more, response)) or told(paginate.end_when, response)
        if paginate.total_header:
            is_last = is_last or pages >= _number(response.headers.get(paginate.total_header))
        if is_last:
            paginator._has_next_page = False
        else:
            plain(response, data)

    return update_state


def _number(text: str | None) -> int:
    """Raises ValueError where an answer does not say how many pages there are."""
    if text is None or not text.strip().isdigit():
        raise ValueError("the header holds no number of pages")
    return int(text)


def _next_address(path: str) -> Any:
    from dlt.common import jsonpath
    from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

    class NextAddress(JSONLinkPaginator):
        def update_state(self, response: Any, data: list[Any] | None = None) -> None:
            """Nothing, and what means nothing, is the end.

            Raises ValueError for what is no text: dlt would take it for an address.
            """
            address = next(iter(jsonpath.find_values(path, response.json())), None)
            if address and not isinstance(address, str):
                raise ValueError("the next address is no text")
            self._next_reference = address or None

    return NextAddress(next_url_path=path)
