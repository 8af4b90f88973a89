"""What the YAML says of the marts, with the columns that no YAML can name: extra columns, own events, scores."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from core.extras.declared import readable
from core.extras.person import columns_of
from core.extras.spec import ExtraColumn
from core.governance.declared import Column, Mart, read_marts
from core.project.files import found, shown
from core.settings import Settings

FEATURES = "features__person"


def complete_marts(settings: Settings, built: Mapping[str, Collection[str]]) -> dict[str, Mart]:
    """Each mart with what is said of all its columns. A source file that cannot be read says nothing here.

    built   mart -> its columns in the warehouse: a segment's or feed's that its own file says nothing of is what the
            column of profiles of that name is
    """
    marts = read_marts(settings)
    more: dict[str, dict[str, Column]] = {"profiles": _scores(settings)}
    for one in readable(settings):
        if isinstance(one.spec, ExtraColumn) and one.entity != "people":
            column = Column(one.name, one.spec.meaning, one.spec.type, one.spec.data_class, place=one.place)
            more.setdefault(one.entity, {})[one.name] = column
        for made in columns_of(one):
            name = made["name"]
            column = Column(name, made["meaning"], made["type"], made["data_class"], place=one.place)
            more["profiles"][name] = column
            if made["is_feature"]:
                more.setdefault(FEATURES, {})[name] = column
    complete = {name: mart.with_columns(more.get(name, {})) for name, mart in marts.items()}
    if profiles := complete.get("profiles"):
        return {name: _as_in_profiles(mart, profiles, built.get(name, ())) for name, mart in complete.items()}
    return complete


def _scores(settings: Settings) -> dict[str, Column]:
    columns = {}
    for model, paths in found(settings, "models").items():
        place = f"{shown(settings, paths[0])}:1"
        columns[model] = Column(model, f"The score of {model}", "double", "derived", place=place)
        decile = Column(f"{model}_decile", "1 to 10, 1 the highest scores", "bigint", "derived", place=place)
        columns[decile.name] = decile
    return columns


def _as_in_profiles(mart: Mart, profiles: Mart, built: Collection[str]) -> Mart:
    if not mart.name.startswith(("segment__", "feed__")):
        return mart
    classed = {name for name, column in mart.columns.items() if column.data_class}
    names = (set(built) | set(mart.columns)) - classed
    alike = {name: profiles.columns[name] for name in names if name in profiles.columns}
    columns = {
        name: Column(name, of.description, of.data_type, of.data_class, place=of.place) for name, of in alike.items()
    }
    rest = {name: column for name, column in mart.columns.items() if name not in columns}
    return replace(mart, columns=rest).with_columns(columns)
