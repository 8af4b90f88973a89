"""What Pinterest says of a customer list, and of the audience that is made from one."""

from typing import Any


def anything(said: Any) -> bool:
    """Whether there is anything in it, at whatever depth."""
    if isinstance(said, dict | list):
        return any(anything(one) for one in (said.values() if isinstance(said, dict) else said))
    return said not in (None, "", 0, False)


def size(said: dict[str, Any], customer_list: str | None) -> dict[str, float]:
    """The audience's size; {} while Pinterest matches, below its least size, and for an audience of something else.

    customer_list   the list that is synced; None: not known, so any list may be the audience's
    """
    source = (said.get("rule") or {}).get("customer_list_id")
    ours = said.get("audience_type") == "CUSTOMER_LIST" and (not source or customer_list in (None, str(source)))
    people = said.get("size")  # null where there is none to tell
    return {"size": float(people)} if ours and said.get("status") == "READY" and people else {}
