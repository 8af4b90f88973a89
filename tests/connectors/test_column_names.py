"""A column's name stands alone in staging models: no word that an engine takes for something else may be one, on either
engine.
"""

from collections.abc import Callable
from typing import Any

import duckdb
import psycopg2
import pytest

from connectors.column import NAME, SQL_WORDS

FORMS = (
    "select a, {word}, b from t", "select a, {word} as z from t", "select a, t.{word} from t",
    "select a, coalesce({word}, '0') from t",
    "select a, max({word}) over (partition by {word} order by {word}) from t",
    "select a, {word} from t where {word} = '2'",
    "select a, case when {word} is null then '0' else {word} end from t", "select a, cast({word} as varchar) from t",
    "select a, {word} from t group by a, {word} order by {word} desc",
)  # fmt: skip


def misread(words: set[str], run: Callable[[str], list[Any]], failure: type[Exception]) -> dict[str, str]:
    """Which of the words are no names there, though we take them for names: each with the first form
    that goes wrong.
    """
    wrong = {}
    for word in sorted(w for w in words - SQL_WORDS if NAME.match(w)):
        for form in FORMS:
            values = f"""with t as (select '1' as a, '2' as "{word}", '3' as b) """
            try:
                rows = run(values + form.format(word=word))
            except failure as error:
                rows = [str(error)]
            if [tuple(r)[:2] for r in rows] != [("1", "2")]:
                wrong.setdefault(word, form)
    return wrong


def test_no_word_of_duckdb_is_taken_for_a_columns_name():
    with duckdb.connect() as engine:
        words = {word for (word,) in engine.execute("select keyword_name from duckdb_keywords()").fetchall()}
        assert misread(words, lambda sql: engine.execute(sql).fetchall(), duckdb.Error) == {}


def test_no_word_of_postgres_is_taken_for_a_columns_name(postgres):
    connection = psycopg2.connect(postgres)
    connection.autocommit = True
    with connection.cursor() as cursor:

        def run(sql: str) -> list[Any]:
            cursor.execute(sql)
            return cursor.fetchall()

        words = {word for (word,) in run("select word from pg_get_keywords()")}
        assert misread(words, run, psycopg2.Error) == {}
        system = {name for (name,) in run("select distinct attname from pg_attribute where attnum < 0")}
        assert system <= SQL_WORDS  # no table may have such a column
    connection.close()


@pytest.mark.parametrize("word", ["current_role", "by", "xmin"])
def test_a_column_with_such_a_name_gets_another_in_a_new_source_and_where_nobody_declared_it(project, word):
    from connectors.understand.look import look

    project.source().data(f"id,name,{word}\n1,Ann,web\n")
    assert project.pull()["columns_added"] == [f"{word}_2"]
    proposal = look(project.settings, str(project.home / "in")).tables[0]
    assert proposal.columns[f"{word}_value"]["from"] == word
