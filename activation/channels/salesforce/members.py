"""Members of a Salesforce campaign, made and deleted in collections of 200."""

from collections.abc import Sequence
from dataclasses import dataclass

from activation.channel import ACCEPTED
from activation.channels.salesforce.rows import Collections, Outcome, done_already, quoted

Failure = tuple[str, str | None]  # status, why


@dataclass(frozen=True)
class Campaign:
    rows: Collections
    sobject: str  # Contact or Lead
    external_id: str
    campaign_id: str
    status: str | None  # of new members

    def join(self, record_ids: Sequence[str | None]) -> list[Outcome | None]:
        """None where the person is a member now, or was one already."""
        fixed = {"CampaignId": self.campaign_id} | ({"Status": self.status} if self.status else {})
        outcomes = self.rows.insert(
            "CampaignMember", [{**fixed, f"{self.sobject}Id": record_id} for record_id in record_ids]
        )
        return [None if one[0] == ACCEPTED or done_already(one) else one for one in outcomes]

    def leave(self, names: Sequence[str]) -> dict[str, Failure]:
        """External id in lower case -> why the member could not be deleted; who is no member is out."""
        column = f"{self.sobject}.{self.external_id}"
        also = f" AND CampaignId = {quoted(self.campaign_id)}"
        members = self.rows.select(["Id", column], "CampaignMember", column, names, also)
        outcomes = self.rows.delete([str(member["Id"]) for member in members])
        named = [str(member[self.sobject][self.external_id]).lower() for member in members]
        return {
            n: one[:2] for n, one in zip(named, outcomes, strict=True) if one[0] != ACCEPTED and not done_already(one)
        }
