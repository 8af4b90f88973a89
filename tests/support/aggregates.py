"""What profiles and features both hold, compared for everybody: one aggregate has one definition."""

from typing import Any

# a profile's name for what a table of features calls otherwise
OTHER_NAMES = {"sessions_30d": "web_sessions_30d"}
OF_ALL_CHANNELS = ("messages_sent_90d", "messages_opened_90d", "messages_clicked_90d", "webinars_attended_180d")
CENT = 0.00501  # money is rounded to cents, features are not
NO_AGGREGATES = {"person_id"}


def differences(shop: Any, day: str, profiles: str = "marts.profiles") -> tuple[dict[str, int], int]:
    """(column -> for how many people it differs, how many columns were compared). Who was not known by that day has no
    features, and nothing that is counted.
    """
    columns = "select column_name from information_schema.columns where table_schema || '.' || table_name = '{}'"
    of_profiles, of_features = (
        {row[0] for row in shop.rows(columns.format(table))} for table in (profiles, "marts.features__person")
    )
    pairs = {name: f"f.{name}" for name in (of_profiles & of_features) - NO_AGGREGATES}
    pairs |= {name: f"f.{other}" for name, other in OTHER_NAMES.items()}
    pairs |= {name: f"coalesce({'s' if 'webinar' in name else 'm'}.{name}, 0)" for name in OF_ALL_CHANNELS}
    counted = ", ".join(
        f"count(*) filter ((p.{name} is null) <> ({other} is null) and f.person_id is not null"
        f" or abs(p.{name} - coalesce({other}, 0)) > {CENT})"
        for name, other in sorted(pairs.items())
    )
    (row,) = shop.rows(f"""
        select {counted} from {profiles} as p
        left join marts.features__person as f on f.person_id = p.person_id and f.as_of_day = '{day}'
        left join intermediate.int_features__messages as m on m.person_id = p.person_id and m.as_of_day = '{day}'
        left join intermediate.int_features__service as s on s.person_id = p.person_id and s.as_of_day = '{day}'""")
    found = dict(zip(sorted(pairs), row, strict=True))
    return {name: count for name, count in found.items() if count}, len(pairs)
