"""The vocabulary of governance: the classes of data, and how long rows are kept."""

import re
from dataclasses import dataclass

# What a class means stands in docs/reference/governance.md; a stricter class is never hidden behind a milder one.
DATA_CLASSES = ("identifier", "contact", "sensitive", "behavioural", "derived")
SENSITIVE = "sensitive"
NO_FEATURE = ("identifier", "contact", SENSITIVE)  # says who somebody is: no model learns from it unasked
EARLIER_CLASSES = {"ordinary": "behavioural", "personal": SENSITIVE}  # of extra columns, before there were five
RULES = {
    "rebuilt": "made anew by every build; holds nothing that its origins hold no more",
    "person": "kept while the person is known; goes with the person",
    "evidence": "kept to prove what people agreed to and refused",
    "history": "kept; holds no person",
}
DAYS = re.compile(r"([1-9]\d{0,4}) days?")
RETENTIONS = f"'<N> days', {', '.join(RULES)}"


@dataclass(frozen=True)
class Retention:
    """days   how old a row may grow; None where a rule says it in words"""

    text: str

    @property
    def days(self) -> int | None:
        match = DAYS.fullmatch(self.text)
        return int(match[1]) if match else None

    @property
    def is_known(self) -> bool:
        return self.days is not None or self.text in RULES

    @property
    def meaning(self) -> str:
        return RULES.get(self.text, f"no row older than {self.text}")
