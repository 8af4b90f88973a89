"""Templates: checked when they are opened, with file and line; strict about what is not known; values never become
markup.
"""

import pytest

from content.templates import FromFile, compiled
from core.errors import ConfigError, FatalError, RecordError
from core.settings import load_settings
from tests.activation.channels.opened import batch


@pytest.fixture
def content(tmp_path):
    """Templates of these files and words: content(html={"template": …}, files={name: text})."""

    def make(files=None, may_be_blank=(), **words):
        folder = tmp_path / "content/words"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (files or {}).items():
            (folder / name).write_text(text)
        settings = load_settings(root=tmp_path, home=tmp_path)
        opened_content = {k: FromFile(**v) if isinstance(v, dict) else v for k, v in words.items()}
        return compiled(settings, "smtp", opened_content, html=("html",), may_be_blank=may_be_blank)

    return make


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("one\n{{ name", "smtp options.text:2: expected '}}'"),
        ("{% if name %}", "smtp options.text: expected tag endif"),
        ("one\n\n{{ name | shout }}", "smtp options.text:3: no filter 'shout'"),
        ({"template": "content/words/open.txt"}, "content/words/open.txt:3: expected tag endif"),
        ({"template": "content/words/tag.txt"}, "content/words/tag.txt:2: unexpected tag 'nosuch'"),
        ({"template": "content/words/includes.txt"}, "content/words/foot.txt:2: no filter 'shout'"),
        ({"template": "content/words/lost.txt"}, "content/words/lost.txt:1: there is no template 'nowhere.txt'"),
        ({"template": "content/words/none.txt"}, "content/words/none.txt: there is no such template"),
        ({"template": "content/words/../secret.txt"}, "there is no such template"),
        ({"template": "secret.txt"}, "'secret.txt' is not under content/words/"),
        ({"template": "/etc/hostname"}, "is not under content/words/"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line_when_the_sync_is_opened(content, tmp_path, words, message):
    (tmp_path / "secret.txt").write_text("secret")
    files = {
        "open.txt": "one\n\n{% if name %}\n", "tag.txt": "one\n{% nosuch %}", "includes.txt": "{% render 'foot.txt' %}",
        "foot.txt": "\n{{ name | shout }}", "lost.txt": "{% render 'nowhere.txt' %}",
    }  # fmt: skip
    with pytest.raises(ConfigError) as error:
        content(files, text=words)
    assert message in str(error.value)


def test_the_mistakes_of_all_parts_come_together(content):
    with pytest.raises(ConfigError) as error:
        content(text="{{", html="{% x %}")
    assert len(error.value.mistakes) == 2


def test_values_are_escaped_in_html_and_left_alone_in_text(content):
    opened_content = content(
        {"foot.html": "{{ name }}"}, text="{{ name }}", html="<b>{{ name }}</b>{% render 'foot.html', name: name %}"
    )
    assert opened_content.render({"name": "<&>"}) == {"text": "<&>", "html": "<b>&lt;&amp;&gt;</b>&lt;&amp;&gt;"}


def test_a_value_that_looks_like_a_template_is_none(content):
    assert content(text="{{ name }}").render({"name": "{{ other }}{% if %}"}) == {"text": "{{ other }}{% if %}"}


def test_a_variable_without_a_value_is_an_error_of_the_row_that_shows_no_value(content):
    opened_content = content(text="a\n{{ name }} {{ other }}")
    for values in ({"other": "secret"}, {"other": "secret", "name": None}):
        with pytest.raises(RecordError, match=r"smtp options.text:2: name is empty") as error:
            opened_content.render(values)
        assert "secret" not in str(error.value)


def test_a_template_may_ask_whether_a_value_is_there_or_say_what_stands_instead(content):
    opened_content = content(text="{{ name | default: 'you' }}{% if name %}!{% endif %}")
    assert opened_content.render({"name": None}) == {"text": "you"} and opened_content.render({"name": "Ann"}) == {
        "text": "Ann!"
    }


def test_a_filter_that_cannot_take_a_value_is_an_error_of_the_row(content):
    with pytest.raises(RecordError, match="cannot be rendered") as error:
        content(text="{{ name | divided_by: 0 }}").render({"name": 7713})
    assert "7713" not in str(error.value)


def test_a_part_that_comes_out_blank_is_an_error_unless_it_may_be(content):
    with pytest.raises(RecordError, match="the text is empty"):
        content(text=" {{ name }}\n").render({"name": " "})
    assert content(text="{{ name }}", may_be_blank=("text",)).render({"name": " "}) == {"text": " "}


def test_a_loop_that_would_not_end_is_an_error_of_the_row(content):
    with pytest.raises(RecordError, match="LoopIterationLimitError"):
        content(text="{% for i in (1..100000) %}x{% endfor %}").render({})


def test_what_the_sync_does_not_map_stops_it_and_a_removal_too(content):
    opened_content = content({"foot.txt": "{{ surname }}"}, text="{{ name }} {{ url }} {% include 'foot.txt' %}")
    with pytest.raises(FatalError, match=r"surname.*no field of the sync"):
        opened_content.rows(batch([{"name": "Ann"}]), constants=("url",))
    with pytest.raises(FatalError, match="cannot be taken back"):
        opened_content.rows(batch([{"name": "Ann", "surname": "x"}], op="remove"), constants=("url",))
    assert list(opened_content.rows(batch([{"name": "Ann", "surname": "x"}]), ("url",))) == [
        ("p0", {"name": "Ann", "surname": "x"})
    ]
