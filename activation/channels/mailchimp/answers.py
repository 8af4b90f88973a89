"""What Mailchimp's answers say of each address. They answer 200 with failures inside, named by address."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED
from activation.vendor.http import Reply

Verdict = tuple[str, str | None]
EXISTS = "ERROR_CONTACT_EXISTS"  # of a batch that does not update: a member in whatever state, left as it is
LEFT = {"unsubscribed", "cleaned"}  # states of members who get no campaigns; nothing of ours changes them
COMPLIANCE = re.compile(
    "compliance state", re.IGNORECASE
)  # has unsubscribed or bounced: Mailchimp asks for a new consent
# What was wanted is so: a tag that is on already; one that is off, or of somebody who is no member. Mailchimp gives
# no code for these, so only words that say just that are taken for it: all others are the row's failure.
ON_ALREADY = re.compile(r"\balready (in|on|a member of|tagged|added|exists in)\b", re.IGNORECASE)
OFF_ALREADY = re.compile(
    r"\bnot (in|on|a member of|tagged|found|subscribed)\b|\b(does not|doesn't) exist\b", re.IGNORECASE
)


def member_id(email: str) -> str:
    """Mailchimp's name of a member: the MD5 of the address in lower case."""
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def of_batch(content: Mapping[str, Any], emails: Iterable[str]) -> dict[str, Verdict]:
    """By address in lower case: accepted, rejected, skipped, or EXISTS where the person is a member already."""
    members = {
        str(m.get("email_address")).lower()
        for m in (*content.get("new_members", ()), *content.get("updated_members", ()))
    }
    wrong = {str(e.get("email_address")).lower(): e for e in content.get("errors", ())}
    verdicts: dict[str, Verdict] = {}
    for email in (e.lower() for e in emails):
        if email in wrong:
            code, why = str(wrong[email].get("error_code")), _why(wrong[email])
            verdicts[email] = (EXISTS, None) if code == EXISTS else refused(why)
        else:
            verdicts[email] = (
                (ACCEPTED, None) if email in members else (IN_DOUBT, "Mailchimp's answer does not name this address")
            )
    return verdicts


def of_member(reply: Reply) -> Verdict:
    """Of a call for one member: whoever has unsubscribed or bounced is skipped, for campaigns would not go there."""
    content = reply.json()
    if reply.status == 400:
        return refused(
            "; ".join(
                [_problem(content), *(f"{e.get('field')}: {e.get('message')}" for e in content.get("errors", ()))]
            )
        )
    state = content.get("status")
    return (SKIPPED, f"is {state} at Mailchimp") if state in LEFT else (ACCEPTED, None)


def is_taken(reply: Reply) -> bool:
    """Whether a new address was refused because it is another member's."""
    return reply.status == 400 and reply.json().get("title") == "Member Exists"


def of_tag(content: Mapping[str, Any], adds: bool) -> dict[str, Verdict]:
    """By address in lower case: those whose tag could not be put on (`adds`), or taken off."""
    so_already = ON_ALREADY if adds else OFF_ALREADY
    return {
        str(email).lower(): (REJECTED, str(error.get("error")))
        for error in content.get("errors", ())
        if not so_already.search(str(error.get("error")))
        for email in error.get("email_addresses", ())
    }


def refused(why: str) -> Verdict:
    return (SKIPPED, why) if COMPLIANCE.search(why) else (REJECTED, why)


def _why(error: Mapping[str, Any]) -> str:
    field = f" ({error['field']}: {error.get('field_message')})" if error.get("field") else ""
    return f"{error.get('error_code')}: {error.get('error')}{field}"


def _problem(content: Mapping[str, Any]) -> str:
    return f"{content.get('title')}: {content.get('detail')}"
