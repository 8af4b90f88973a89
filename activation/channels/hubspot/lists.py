"""HubSpot's lists of static members: the audience."""

from activation.vendor.http import Http, Request
from core.errors import FatalError


def change_list(http: Http, list_id: str | None, join: list[str], leave: list[str]) -> set[str]:
    """The record ids that the list does not know. Raises FatalError for a list whose members HubSpot chooses itself."""
    if not join and not leave:
        return set()
    body = {"recordIdsToAdd": join, "recordIdsToRemove": leave}
    reply = http.call(Request("PUT", f"/crm/v3/lists/{list_id}/memberships/add-and-remove", json=body, passes=(400,)))
    if reply.status == 400:
        raise FatalError("hubspot: the list takes no members (HTTP 400). list_id must name a list of static members.")
    return {str(record_id) for record_id in reply.json().get("recordIdsMissing") or []}
