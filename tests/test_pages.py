"""Every page holds what it says of the project: links, anchors, folders, files, rooms; and is not too wide."""

import re
from pathlib import Path

import pytest
from test_architecture import HOMES, ROOMS, WRITERS, files

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
WIDTH = 120
FENCE = re.compile(r"^ *```.*?^ *```[^\n]*$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# What a reader makes, or a command does: named in the pages, and not part of the project.
MADE = ("bench/results/", "content/words/", ".venv/", ".fairlead/")
TOP = sorted(path.name for path in ROOT.iterdir() if path.is_dir())


def prose(page: Path) -> str:
    """A page without its code blocks, line numbers kept."""
    return FENCE.sub(lambda block: "\n" * block[0].count("\n"), page.read_text())


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them; of two alike the first alone."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[tuple[str, Path, str]]:
    """(as written, the file, the anchor) of every link that stays in the project."""
    written = [link for link in LINK.findall(prose(page)) if not re.match(r"https?:|mailto:", link)]
    halves = [(link, *link.partition("#")[::2]) for link in written]
    return [(link, (page.parent / name).resolve() if name else page, anchor) for link, name, anchor in halves]


def table(page: Path, first: str) -> dict[str, list[str]]:
    """The rows of the table whose first column has this title: first cell -> the other cells, quotes taken off."""
    body = re.search(rf"^\| {first} \|[^\n]*\n\|[-| ]+\|\n((?:\|[^\n]*\n)+)", page.read_text(), re.MULTILINE)
    assert body, f"{page.name} has no table of {first}"
    rows = [[cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")] for line in body[1].splitlines()]
    return {row[0]: row[1:] for row in rows}


def room(name: str) -> str:
    return name.strip("`").removesuffix("/").removesuffix(".py")


def words(cell: str) -> set[str]:
    return set(re.findall(r"[\w/]+", cell))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    gone = [link for link, target, _ in links(page) if not target.exists()]
    pages = [(link, target, anchor) for link, target, anchor in links(page) if target.suffix == ".md" and anchor]
    lost = [link for link, target, anchor in pages if target.exists() and anchor not in anchors(target)]
    assert not gone + lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_folder_and_file_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", prose(page))
    ours = {name for name in named if name.split("/")[0] in TOP and not name.startswith(MADE)}
    assert not {name for name in ours if not (ROOT / name).exists()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_sentence_of_a_page_is_wider_than_the_code_may_be(page: Path) -> None:
    lines = enumerate(prose(page).splitlines(), 1)
    assert not [number for number, line in lines if len(line) > WIDTH and not line.startswith("|")]


def test_the_first_page_leads_to_every_page() -> None:
    led = {target for _, target, _ in links(DOCS / "README.md")}
    lists = [DOCS / folder / "README.md" for folder in ("channels", "sources")]
    led |= {target for page in lists for _, target, _ in links(page)}
    own = {DOCS / "README.md", ROOT / "README.md"}
    assert not {str(page.relative_to(ROOT)) for page in {*PAGES} - led - own}
    assert DOCS / "README.md" in {target for _, target, _ in links(ROOT / "README.md")}


def test_the_map_of_the_rooms_is_the_architecture_test() -> None:
    rows = {room(name): cells for name, cells in table(DOCS / "rooms.md", "room").items()}
    assert {name: words(rows[name][1]) for name in ROOMS} == {name: ROOMS[name] - {name} for name in ROOMS}
    assert {name: words(rows[name][2]) for name in ROOMS if name in WRITERS.values()} == {
        name: {schema for schema, writer in WRITERS.items() if writer == name} for name in WRITERS.values()
    }


def test_every_folder_of_the_project_is_a_room_of_the_map() -> None:
    folders = {
        name
        for name in TOP
        if not name.startswith((".", "_")) and not name.endswith(".egg-info") and any((ROOT / name).glob("*.*"))
    }
    assert folders - {room(name) for name in table(DOCS / "rooms.md", "room")} <= {"build", "dist", "logs"}


def test_the_homes_of_libraries_are_those_of_the_architecture_test() -> None:
    written = {library: words(cells[0]) for library, cells in table(DOCS / "rooms.md", "library").items()}
    assert written == HOMES


@pytest.mark.parametrize(("line", "cells"), table(DOCS / "rooms.md", "the line holds").items())
def test_a_line_is_given_away_by_what_stands_in_one_room_alone(line: str, cells: list[str]) -> None:
    rooms = set(ROOMS) - {"bench"}  # which measures by whatever the others use
    assert {name for name in rooms for path in files(name) if line in path.read_text()} == {room(cells[0])}


def test_a_term_of_the_glossary_is_explained_once() -> None:
    terms = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", prose(DOCS / "glossary.md"), re.MULTILINE)
    single = [term.strip() for row in terms for term in row.split(",") if row != "term"]
    assert len(single) == len(set(single)) > 60
