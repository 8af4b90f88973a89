"""The entry point of the command line: which commands there are. What they do stands in cli/, one file a topic."""

import sys
from collections.abc import Callable

import typer

from cli import data, delivery, govern, init, look, models, new, night, person, upgrade
from cli.frames import spare_frames
from cli.options import Version

COMMANDS: tuple[Callable[..., None], ...] = (
    night.run, data.pull, data.resolve, data.build, models.train, models.score,
    delivery.plan, delivery.push, delivery.retry, delivery.collect, delivery.cancel,
    person.why, person.review, night.summary, night.rewind, look.check, look.preview, look.quality, look.query,
    look.doctor, govern.lineage, govern.dictionary, data.sample, delivery.register, night.tell, init.init,
    upgrade.upgrade,
)  # fmt: skip

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
for command in COMMANDS:
    app.command()(command)
app.add_typer(new.app, name="new")


@app.callback()
def fairlead(version: Version = False) -> None:
    """Marketing automation that lives in the warehouse."""


def main() -> None:
    spare_frames(sys.argv[1:])
    app()


if __name__ == "__main__":
    main()
