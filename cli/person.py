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
Set = Annotated[
    tuple[str, str] | None,
    typer.Option("--set", metavar="PERSON FIELD=VALUE", show_default=False, help="What a field of somebody is."),
]
Unset = Annotated[
    tuple[str, str] | None,
    typer.Option("--unset", metavar="PERSON FIELD", show_default=False, help="Let the records decide again."),
]
By = Annotated[str, typer.Option(help="Who says so; without it, whoever is logged in.", show_default=False)]
Rows = Annotated[int, typer.Option(min=1, max=1000, help="At most so many rows of each list.")]
WORDS = {"same": "--same", "different": "--different", "undone": "--undo", "set": "--set", "unset": "--unset"}


def why(person: str, other: Other = None, as_json: Json = False) -> None:
    """One person: profile, identifiers, segments with the deciding values, scores with reasons, consents,
    deliveries. Of two, by record or person: why they are one human, or are not."""

    def work(settings: Settings) -> Result:
        import insight.why

        if other is None:
            return insight.why.why(settings, person)
        import insight.why_two
        import people.linkage.jobs  # and with it pandas

        found = insight.why_two.why_two(settings, person, other)
        records = [side["record_id"] or (side["records"] or [None])[0] for side in (found["one"], found["other"])]
        return found | {"comparison": people.linkage.jobs.comparison(settings, *records)}

    answer(work, as_json, pages.why if other is None else pages.why_two, reads=True)


def review(
    same: Pair = None, different: Pair = None, undo: Pair = None, set_field: Set = None, unset_field: Unset = None,
    of: Of = "person", reason: Reason = "", by: By = "", rows: Rows = 20, as_json: Json = False,
) -> None:  # fmt: skip
    """Pairs of records in doubt, the largest and the thinnest people, fields on which records disagree, accounts in
    doubt; --same, --different and --undo decide a pair, --set and --unset a field.
    """
    asked = {"same": same, "different": different, "undone": undo, "set": set_field, "unset": unset_field}
    decided = [(pair, verdict) for verdict, pair in asked.items() if pair]

    def work(settings: Settings) -> Result:
        if len(decided) > 1:
            raise ConfigError(f"One decision at a time: {' or '.join(WORDS[v] for _, v in decided)}.")
        return _decide(settings, of, *decided[0], reason, by) if decided else _review(settings, rows)

    is_field = set_field or unset_field
    answer(work, as_json, pages.field_decided if is_field else pages.decided if decided else pages.review)


def _review(settings: Settings, rows: int) -> Result:
    import people.groups.review
    import people.review

    return people.review.review(settings, rows) | people.groups.review.waiting(settings, rows)


def _decide(settings: Settings, of: str, words: tuple[str, str], verdict: str, reason: str, by: str) -> Result:
    import people.golden.overrides
    import people.groups.review
    import people.review

    if of not in ("person", *people.groups.review.KINDS):
        raise ConfigError(f"--of {of}: one of person, {', '.join(people.groups.review.KINDS)}.")

    if verdict == "set":
        return people.golden.overrides.set_field(settings, *words, reason, by)
    if verdict == "unset":
        return people.golden.overrides.unset_field(settings, *words, reason, by)
    if of != "person":
        return people.groups.review.decide(settings, of, words, verdict, reason)
    return people.review.decide(settings, words, verdict, reason)
