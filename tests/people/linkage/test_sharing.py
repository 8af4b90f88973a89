"""What those have in common who share an address, learned from few pairs too."""

import duckdb

from people.linkage import sharing

FAMILIES, SPELT_ALIKE = 400, 10


def test_a_family_whose_address_is_spelt_alike_is_judged_as_one_at_the_same_address(model) -> None:
    """Of ten such pairs nothing can be learned alone: they were taken for strangers who agree by chance."""
    parameters = model.parameters
    values = {label: value for value, label in sharing._ways(parameters).items()}
    parts = [part["output_column_name"] for part in parameters["comparisons"]]
    strongest = {part["output_column_name"]: len(part["comparison_levels"]) - 2 for part in parameters["comparisons"]}
    with duckdb.connect() as db:
        db.execute(f"create table pairs ({', '.join(f'gamma_{name} integer' for name in parts)})")
        for label, count in (("same address", FAMILIES), ("address spelt alike", SPELT_ALIKE)):
            agree = {"last_name": strongest["last_name"], "first_name": 0, "contact": values[label]}
            row = [agree.get(name, -1) for name in parts]
            db.execute(f"insert into pairs select {', '.join(map(str, row))} from range({count})")
        ways = sharing.learn(db, "pairs", parameters, {"last_name"})
    alike = ways[str(values["address spelt alike"])]
    assert alike["others"]["last_name"][0] > 0.9  # a family bears one name …
    assert alike["others"]["first_name"][-1] > 0.9  # … and several first names
    assert alike["share"] < 0.1


def test_two_records_of_one_company_and_name_are_one_human_though_nearly_all_pairs_there_are(model) -> None:
    """Of 300 such pairs 280 are one human: the others must not be learned to agree as one human does."""
    parameters = model.parameters
    values = {label: value for value, label in sharing._ways(parameters).items()}
    strongest = {part["output_column_name"]: len(part["comparison_levels"]) - 2 for part in parameters["comparisons"]}
    with duckdb.connect() as db:
        db.execute(f"create table pairs ({', '.join(f'gamma_{name} integer' for name in strongest)})")
        for first, last, count in ((1, 1, 250), (0.5, 1, 30), (0, 1, 10), (1, 0, 10)):
            agree = {"first_name": int(first * strongest["first_name"]), "last_name": last * strongest["last_name"]}
            agree["contact"] = values["same company"]
            row = [agree.get(name, -1) for name in strongest]
            db.execute(f"insert into pairs select {', '.join(map(str, row))} from range({count})")
        way = sharing.learn(db, "pairs", parameters, {"last_name"})[str(values["same company"])]
    assert way["share"] > 0.8
    assert way["others"]["first_name"][0] < 0.3
