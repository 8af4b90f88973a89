"""Where a question has led: an API that leads back there would be asked for ever."""

import hashlib
import json
from typing import Any

from connectors.reading import Request
from core.errors import FatalError


class Visits:
    """The pages of one question."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._places: set[str] = set()
        self._contents: dict[bytes, int] = {}

    def page(self, number: int, rows: list[Any], page: Any) -> None:
        """Raises FatalError where a page, or the place of the next one, was there before; or where there is no end."""
        table, where = self._request.table, self._request.where
        digest = hashlib.blake2b(
            "\0".join(str(row) for row in rows).encode("utf-8", "replace"), digest_size=16
        ).digest()
        first_number = self._contents.setdefault(digest, number)
        if rows and first_number != number:
            raise FatalError(
                f"{where}: page {number} is page {first_number} again, record by record: the API repeats it instead of "
                "ending. Declare `paginate.total`, or another `paginate.type`. Nothing was kept."
            )
        if not page.paginator.has_next_page:
            return
        place = json.dumps([page.request.url, page.request.params, page.request.json], sort_keys=True, default=str)
        if place in self._places:
            raise FatalError(
                f"{where}: page {number} leads on to a page that was read before ({table.paginate.type}): the API "
                "turns in a circle. Nothing was kept."
            )
        self._places.add(place)
        if number >= table.paginate.most_pages:
            raise FatalError(
                f"{where}: more than {table.paginate.most_pages} pages. Is there an end? Then raise "
                "`paginate.most_pages`."
            )
