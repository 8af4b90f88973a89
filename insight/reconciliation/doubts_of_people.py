"""Doubts about people: all of them one, none of them known, and whom one may write to."""

from collections.abc import Iterator
from typing import Any

from insight.reconciliation.doubt import DOUBTFUL, TO_CONFIRM, WRONG, Doubt, in_model, percent
from insight.reconciliation.scope import Scope

FEWEST = 10  # records from which on "everybody is one person" is no small shop
MOST_OF_ONE = 0.5  # of all records on one person: that is a till's or a call centre's address


def of_people(scope: Scope, answer: dict[str, Any]) -> Iterator[Doubt]:
    people = answer["people"]
    if not people or not people["records"]:
        return
    records, by = people["records"], people["by"]
    if by["nothing"] == records:
        mend = "Give person_ref, email or phone: without one nobody can be known again."
        yield in_model(scope, WRONG, "people", "person_ref", f"None of {records:,} records has an identifier.", mend)
    elif not people["matched"]:
        mend = f"fairlead resolve --day {scope.day}; then see person_ref, email and phone."
        yield in_model(scope, WRONG, "people", "person_ref", f"None of {records:,} records is a person's.", mend)
    elif people["matched"] < records:
        detail = f"{records - people['matched']:,} of {records:,} records are nobody's."
        yield in_model(scope, DOUBTFUL, "people", "person_ref", detail, "Those hold no identifier that identity knows.")
    yield from _of_joining(scope, people)


def _of_joining(scope: Scope, people: dict[str, Any]) -> Iterator[Doubt]:
    records, by = people["records"], people["by"]
    if records >= FEWEST and people["matched"] and people["most_records"] > MOST_OF_ONE * records:
        detail = f"{people['most_records']:,} of {records:,} records are one person."
        mend = "They share an identifier that is nobody's own: a default address, an id of the shop."
        yield in_model(scope, WRONG, "people", "person_ref", detail, mend)
    elif people["records_a_person"] == 1 and by["emails"] < by["email"]:
        detail = f"{by['email'] - by['emails']:,} records share an e-mail address with another, and none was joined."
        mend = f"fairlead resolve --day {scope.day}; an address on very many records joins nobody ([identity])."
        yield in_model(scope, DOUBTFUL, "people", "email", detail, mend)
    if people["others"] >= FEWEST and records >= FEWEST and not people["elsewhere"]:
        detail = f"None of its {people['people']:,} people is known to another source: no id or address meets theirs."
        mend = "Right where the sources have no customers in common; else see namespaces and addresses."
        yield in_model(scope, TO_CONFIRM, "people", "person_ref", detail, mend)


def of_consents(scope: Scope, answer: dict[str, Any]) -> Iterator[Doubt]:
    topics = [row for row in answer["consents"] if row["purpose"] == "marketing"]
    allowed = [row for row in topics if row["allowed"]]
    if topics and not allowed:
        reasons: dict[str, int] = {}
        for row in topics:
            for reason, count in row["reasons"].items():
                reasons[reason] = max(reasons.get(reason, 0), count)
        listed = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items(), key=lambda r: -r[1]))
        detail = f"Nobody may be contacted by any channel: {listed}."
        mend = "Map the source's consents: docs/reference/consent.md. Silence is no consent."
        yield Doubt(TO_CONFIRM, "consents", detail, mend)
    if "consents" not in scope.entities:
        return
    for row in allowed:
        detail = f"{row['allowed']:,} of {row['people']:,} may be contacted by {row['channel']}."
        mend = "Confirm with whoever keeps the consents: which wording, when, for what."
        weight = DOUBTFUL if row["allowed"] == row["people"] >= FEWEST else TO_CONFIRM
        part = f" That is {percent(row['allowed'] / row['people'])}."
        yield in_model(scope, weight, "consents", "status", detail + part, mend)
