"""One person: all that is known of them, and why; and two records, whether they are one."""

from typing import Annotated

import typer

from cli.answer import Result, answer
from cli.options import Json
from cli.shown import person as pages
from core.errors import ConfigError
from core.settings import Settings

Other = Annotated[str | None, typer.Argument(show_default=False, help="Why the two are one human, or are not.")]
Pair = Annotated[tuple[str, str] | None, typer.Option(metavar="A B", show_default=False)]
Of = Annotated[str, typer.Option(help="What the pair is: person, household or account.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever looks at it later.", show_default=False)]
Rows = Annotated[int, typer.Option(min=1, max=1000, help="At most so many rows of each list.")]
WORDS = {"same": "--same", "different": "--different", "undone": "--undo"}


def why(person: str, other: Other = None, as_json: Json = False) -> None:
    """One person: profile, identifiers, segments with the deciding values, scores with reasons, consents,
    deliveries. Of two, by record or person: why they are one human, or are not."""

    def work(settings: Settings) -> Result:
        import insight.why
        import insight.why_two

        if other is None:
            return insight.why.why(settings, person)
        return insight.why_two.why_two(settings, person, other)

    answer(work, as_json, pages.why if other is None else pages.why_two, reads=True)


def review(
    same: Pair = None, different: Pair = None, undo: Pair = None, of: Of = "person", reason: Reason = "",
    rows: Rows = 20, as_json: Json = False,
) -> None:  # fmt: skip
    """Pairs of records in doubt, the largest and the thinnest people, accounts in doubt; --same, --different and --undo
    decide a pair.
    """

    def work(settings: Settings) -> Result:
        import people.groups.review
        import people.review

        if of not in ("person", *people.groups.review.KINDS):
            raise ConfigError(f"--of {of}: one of person, {', '.join(people.groups.review.KINDS)}.")

        asked = {"same": same, "different": different, "undone": undo}
        decided = [(pair, verdict) for verdict, pair in asked.items() if pair]
        if len(decided) > 1:
            raise ConfigError(f"One pair at a time: {' or '.join(WORDS[v] for _, v in decided)}.")
        if decided and of != "person":
            return people.groups.review.decide(settings, of, *decided[0], reason)
        if decided:
            return people.review.decide(settings, *decided[0], reason)
        return people.review.review(settings, rows) | people.groups.review.waiting(settings, rows)

    answer(work, as_json, pages.decided if same or different or undo else pages.review)
