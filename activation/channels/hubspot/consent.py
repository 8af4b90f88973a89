"""HubSpot's e-mail subscriptions: read before anything is written, written only for who has never decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from activation.channel import IN_DOUBT, REJECTED, SKIPPED, ChangeBatch
from activation.channels.hubspot.answers import faults, statuses
from activation.vendor.http import Http, Request

STATUSES = "/communication-preferences/v4/statuses/batch"
Verdicts = dict[int, tuple[str, str | None]]


@dataclass(frozen=True)
class Subscription:
    """One subscription type of the account, and the legal basis that is written with it."""

    http: Http
    subscription_id: int
    legal_basis: str | None = None
    explanation: str | None = None

    def statuses(self, batch: ChangeBatch) -> dict[int, str]:
        """Row -> the person's own word: SUBSCRIBED, UNSUBSCRIBED, NOT_SPECIFIED; without rows left out there."""
        of_row = {row: email.lower() for row, email in _addresses(batch).items()}
        if not of_row:
            return {}
        body = {"inputs": sorted(set(of_row.values()))}
        content = self.http.call(Request("POST", f"{STATUSES}/read", json=body, params={"channel": "EMAIL"})).json()
        by_email = statuses(content, self.subscription_id)
        return {row: by_email[email] for row, email in of_row.items() if email in by_email}

    def give(self, batch: ChangeBatch, subscriptions: Mapping[int, str], contacts: Mapping[int, Any]) -> Verdicts:
        """Subscribe who is new or never said anything; the rows for which that is not sure, and why. HubSpot's `new` is
        believed only where it told nothing of the address: a record can be new and its address have unsubscribed."""
        emails = {row: email for row, email in _addresses(batch).items() if row in contacts}
        mute = {row for row in emails if row not in subscriptions and not contacts[row].get("new")}
        verdicts: Verdicts = dict.fromkeys(mute, (SKIPPED, "HubSpot does not say whether it is subscribed"))
        free = {
            row: email
            for row, email in emails.items()
            if row not in mute and subscriptions.get(row, "NOT_SPECIFIED") == "NOT_SPECIFIED"
        }
        if not free:
            return verdicts
        content = self.http.call(
            Request("POST", f"{STATUSES}/write", json={"inputs": [self._subscription(e) for e in free.values()]})
        ).json()
        confirmed_emails = {str(result.get("subscriberIdString")).lower() for result in content.get("results") or []}
        failed = faults(content, free)
        for row in (row for row, email in free.items() if email.lower() not in confirmed_emails):
            verdicts[row] = (
                (REJECTED, failed[row]) if row in failed else (IN_DOUBT, "not told whether it is subscribed now")
            )
        return verdicts

    def _subscription(self, email: str) -> dict[str, Any]:
        basis = {"legalBasis": self.legal_basis, "legalBasisExplanation": self.explanation}
        return {
            "subscriberIdString": email, "channel": "EMAIL", "statusState": "SUBSCRIBED",
            "subscriptionId": self.subscription_id, **{name: text for name, text in basis.items() if text},
        }  # fmt: skip


def _addresses(batch: ChangeBatch) -> dict[int, str]:
    return {row: email.strip() for row, email in enumerate(batch.column("email")) if email and email.strip()}
