"""One person: all that is known of them, and why."""

from cli.answer import Result, answer
from cli.options import Json
from cli.shown import person as pages
from core.settings import Settings


def why(person: str, as_json: Json = False) -> None:
    """One person: profile, identifiers, segments with the deciding values, scores with reasons, consents,
    deliveries."""

    def work(settings: Settings) -> Result:
        import insight.why

        return insight.why.why(settings, person)

    answer(work, as_json, pages.why, reads=True)
