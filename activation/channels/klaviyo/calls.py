"""Klaviyo's conventions over HTTP: JSON:API pages, look-ups by filter, bulk requests that are all or nothing."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from activation.channel import REJECTED, BatchRejected, MaybeSent
from activation.channels.klaviyo.rows import Verdicts, filters, pointed, reason
from activation.vendor.calls import Pages, after_the_first, pieces
from activation.vendor.http import Http, Reply, Request
from core.errors import FatalError

JSON_API = "application/vnd.api+json"
LIST_MEMBERS = 1_000  # a call that takes profiles out of a list
WHOLE_REQUEST = ("/data", "/data/relationships")  # where Klaviyo points when the list is not there


@dataclass(repr=False)
class Calls:
    http: Http
    acted: bool = (
        False  # a call of this batch has changed something: what ends without an answer may now have done half
    )

    def call(self, method: str, path: str, content: Any = None, passes: Collection[int] = ()) -> Reply:
        headers = {"Content-Type": JSON_API} if content is not None else {}
        with after_the_first() if self.acted else nullcontext():
            reply = self.http.call(Request(method, path, json=content, headers=headers, passes=passes))
        self.acted = self.acted or (method != "GET" and reply.status not in passes)
        return reply

    def bulk(
        self, path: str, items: Mapping[int, Any], body: Callable[[list[Any]], Any], out: Verdicts
    ) -> Reply | None:
        """One request of all items; those that Klaviyo's 400 points at go to `out`, the rest in a second request.

        None when nothing was left to send. Raises BatchRejected for a 400 that points at no item, or at others again.
        """
        remaining_items = dict(items)
        for again in (False, True):
            if not remaining_items:
                return None
            reply = self.call("POST", path, body(list(remaining_items.values())), passes=() if again else (400,))
            if reply.status != 400:
                return reply
            places = list(remaining_items)
            for at, why in _refused(reply, len(places)).items():
                out[places[at]] = (REJECTED, why)
                del remaining_items[places[at]]
        return None

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every item, whatever number of calls it takes."""
        query, pages = dict(params), Pages("klaviyo")
        while True:
            pages.turn(query.get("page[cursor]"))
            with after_the_first() if self.acted else nullcontext():
                page = self.http.call(Request("GET", path, params=query)).json()
            yield from page["data"]
            following = (page.get("links") or {}).get("next")
            if not following:
                return
            query["page[cursor]"] = parse_qs(urlsplit(following).query)["page[cursor]"][0]

    def find(self, field: str, values: Iterable[Any], extra: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        """The profiles whose `field` is one of the values, by that value in lower case."""
        profiles: dict[str, list[dict[str, Any]]] = {}
        for condition in filters(field, sorted({str(v) for v in values if v})):
            for one in self.pages("/api/profiles", {"filter": condition, "page[size]": 100, **extra}):
                profiles.setdefault(str(one["attributes"][field]).casefold(), []).append(one)
        return profiles

    def take_out(self, list_id: str, people: Iterable[Sequence[Mapping[str, Any]]]) -> None:
        """These profiles leave the list; who is not in it does not mind."""
        ids = sorted({one["id"] for profiles in people for one in profiles})
        for piece in pieces(ids, LIST_MEMBERS):
            members = [{"type": "profile", "id": one} for one in piece]
            self.call("DELETE", f"/api/lists/{list_id}/relationships/profiles", {"data": members})


def _refused(reply: Reply, items: int) -> dict[int, str]:
    """Why each item that a 400 points at is refused."""
    errors = errors_of(reply)
    for error in errors:
        at = str((error.get("source") or {}).get("pointer") or "")
        if at.startswith(WHOLE_REQUEST[1]) or (at == WHOLE_REQUEST[0] and "list" in str(error.get("detail")).lower()):
            raise FatalError("klaviyo: HTTP 400: the list is not there. Check the sync's options.list_id.")
    places = [pointed(error) for error in errors]
    if any(at is None or at >= items for at in places):
        raise BatchRejected(reply.words())
    return {at: reason(error) for at, error in zip(places, errors, strict=True) if at is not None}


def errors_of(reply: Reply) -> list[dict[str, Any]]:
    """At least one."""
    try:
        errors = list(json.loads(reply.body)["errors"])
    except (ValueError, KeyError, TypeError):
        errors = []
    if not errors:
        raise MaybeSent(f"klaviyo: HTTP {reply.status} in a form that is not Klaviyo's")
    return errors
