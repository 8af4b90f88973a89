"""What Pinterest says of a customer list, and of the audience that is made from one."""

from typing import Any


def anything(content: Any) -> bool:
    """Whether there is anything in it, at whatever depth."""
    if isinstance(content, dict | list):
        return any(anything(one) for one in (content.values() if isinstance(content, dict) else content))
    return content not in (None, "", 0, False)


def size(content: dict[str, Any], customer_list: str | None) -> dict[str, float]:
    """The audience's size; {} while Pinterest matches, below its least size, and for an audience of something else.

    customer_list   the list that is synced; None: not known, so any list may be the audience's
    """
    source = (content.get("rule") or {}).get("customer_list_id")
    ours = content.get("audience_type") == "CUSTOMER_LIST" and (not source or customer_list in (None, str(source)))
    people = content.get("size")  # null where there is none to tell
    return {"size": float(people)} if ours and content.get("status") == "READY" and people else {}
