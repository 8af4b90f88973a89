"""A look at the warehouse (query) and at the installation (doctor)."""

from cli.answer import Result, answer
from cli.options import Json
from cli.shown import look as pages
from core.settings import Settings


def query(sql: str, as_json: Json = False) -> None:
    """A read-only look into the warehouse."""

    def work(settings: Settings) -> Result:
        import insight.query
        from connectors.patience import ended_by_signals

        with ended_by_signals():
            return insight.query.query(settings, sql)

    answer(work, as_json, pages.query)


def doctor(as_json: Json = False) -> None:
    """Check installation, settings, specs, warehouse, sources, channels and disk; say the mend for each fault."""

    def work(settings: Settings) -> Result:
        import activation.checks
        import connectors.check
        import insight.doctor
        import ml.jobs

        rooms = {
            "sources": connectors.check.check,
            "models": ml.jobs.check,
            "syncs and channels": activation.checks.check,
        }
        return insight.doctor.check(settings, rooms)

    answer(work, as_json, pages.doctor)
