"""Blocks: what each shows, and what it keeps to itself."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser

import pytest

from pluriscope.documents.markdown import markdown
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.page_kit.blocks import (
    Action,
    ChartFigure,
    Choice,
    Facts,
    Figure,
    Form,
    Head,
    More,
    Notice,
    Progress,
    Prose,
    Section,
    Side,
    Table,
    find,
)
from pluriscope.page_kit.templating import Access, Place, rendering
from pluriscope.tables.csv_files import csv_lines
from tests.checkout import ROOT
from tests.every_block import HOSTILE, ROWS, Settings, every_block, table
from tests.library.figures import samples

ALL = (Head, Facts, Figure, ChartFigure, Table, Prose, Choice, Form, Progress, Section, Side, Notice, More)
VOID = {"meta", "link", "input", "br", "hr", "img"}
BLOCKS = tuple(every_block())


class Outline(HTMLParser):
    """Every start tag, and what is not closed or closed twice."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self.feed(markup)
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if len(dict(attrs)) < len(attrs):
            self.wrong.append(f"{tag} has an attribute twice")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def test_every_block_is_among_the_samples_and_has_a_short_template():
    assert {type(block) for block in BLOCKS} == set(ALL)
    templates = [
        path.read_text().splitlines() for path in (ROOT / "templates" / "blocks").iterdir() if path.suffix == ".html"
    ]
    assert max(map(len, templates)) <= 80
    assert max(len(line) for lines in templates for line in lines) <= 160


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_each_block_is_whole(block):
    with rendering(Place("/site", "/site/blocks?rules=paper"), Access()):
        outline = Outline(block.html())
    assert outline.wrong == []
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    names = {name for _, attributes in outline.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    scripts = [attributes for tag, attributes in outline.tags if tag == "script"]
    assert all(
        one.get("type") == "application/json" or (one.get("src") or "").startswith("/site/static/") for one in scripts
    )


def test_what_is_folded_is_made_only_when_it_is_opened():
    made = []

    def blocks():
        made.append(1)
        return [Prose("within"), table(id="fold.list", facets=False)]

    fold = More("A fold", blocks, "says what is in it", id="fold")
    with rendering(Place("", "/page?a=1"), Access()):
        closed = [fold.html(), fold.html("folder")]
        assert made == []
        assert all("within" not in one and "says what is in it" in one for one in closed)
        assert 'href="/page?a=1&amp;part=fold#fold"' in closed[0]
        for opened in (fold.html("fold"), fold.html("fold.list")):
            assert "within" in opened
            assert "<details" in opened
            assert " open" in opened.partition(">")[0]
    assert find([Side([Facts([]), fold])], "fold.list").id == "fold.list"
    assert find([fold], "other") is None


def test_the_csv_of_a_table_is_its_rows():
    shown = table({"standing": ["any"], "sort": ["edges"]})
    lines = list(csv.DictReader("".join(shown.csv()).splitlines()))
    assert len(lines) == len(ROWS)
    assert [line["edges"] for line in lines] == sorted(line["edges"] for line in lines)
    by_ref = {row["ref"]: row for row in ROWS}
    for line in lines:
        row = by_ref[line["ref"]]
        assert line["margin"] == ("" if row["margin"] is None else str(row["margin"]))
        assert set(line["passes"].split()) == row["passes"]
        assert line["note"] == (row["note"] or "")
    assert len(list(table().rows())) == 21


def test_cells_that_a_spreadsheet_would_run_are_disarmed():
    shown = Table.plain(("Name", "Number"), [("=1+1", -2), ("@sum", 0.5)])
    assert "".join(shown.csv()) == "name,number\n'=1+1,-2\n'@sum,0.5\n"
    armed = ["-2+3+cmd|' /C calc'!A0", "-1/3", "+A1", "=1", "@x", "\t=1", "\n=1", "-", "--1", "\uff1d1", "\uff0b1"]
    harmless = ["-2", "-2.50", "-.5", "+1e-07", "-inf", "nan", "a-b", "n1.1-y", "", "x;=1"]
    named = "".join(csv_lines([f"Network: a,{one}" for one in armed[:5]], armed, [harmless, armed]))
    lines = named.splitlines()
    assert [line.partition(",")[2] for line in lines[:5]] == [f"'{one}" for one in armed[:5]]
    names, kept, changed = csv.reader(io.StringIO(named.partition(f"{lines[4]}\n")[2], newline=""))
    assert (names, kept) == ([f"'{one}" for one in armed], harmless)
    assert changed == names


@pytest.mark.parametrize("broken", ["a\r=1", "a\r\n=1"])
def test_no_break_within_a_cell_ends_its_row(broken):
    assert "".join(csv_lines([], [broken], [[broken]])) == '"a\n=1"\n"a\n=1"\n'


def test_hostile_text_is_shown_and_not_obeyed():
    blocks = [
        Head(HOSTILE, HOSTILE, actions=[Action(HOSTILE, '"><script>')]),
        Notice(HOSTILE, HOSTILE, HOSTILE),
        Section(HOSTILE, HOSTILE),
        Choice(HOSTILE, {HOSTILE: '"><script>'}, HOSTILE),
        Progress(HOSTILE, note=HOSTILE, ended=True),
        More(HOSTILE, list, HOSTILE),
        Form(Settings, '"><script>', HOSTILE, {"name": HOSTILE}, {"name": HOSTILE}),
        Figure(circuit_thumb(samples.WEIGHTS), HOSTILE, {HOSTILE: '"><script>'}),
        Prose(f"{HOSTILE} [a](javascript:alert(1)) [b](//evil.example) ![c](https://evil.example/c.png)"),
        table(),
    ]
    for block in blocks:
        shown = block.html()
        assert "<script" not in shown
        assert "evil.example" not in shown
        assert 'href="javascript' not in shown


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Side([Facts([])]), "two to six"),
        (lambda: Side([Facts([])] * 7), "two to six"),
        (lambda: Head("T", actions=[Action("A", "/a", primary=True), Action("B", "/b", primary=True)]), "two primary"),
        (lambda: Progress("at work"), "needs an id"),
    ],
)
def test_what_cannot_be_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_the_first_use_of_a_term_is_linked_and_links_between_documents_lead_to_pages():
    text = (
        "Circuits, and a circuit. `circuit` [valid](glossary.md#valid) [scope](scope.md#in-short) [no](../x.py)\n\n"
        "## A circuit"
    )
    shown = markdown(text, "/site")
    assert shown.count('class="term"') == 1
    assert '<a class="term" href="/site/glossary#circuit"' in shown
    assert 'href="/site/glossary#valid"' in shown
    assert 'href="/site/scope#in-short"' in shown
    assert "x.py" not in shown
    assert '<h2 id="a-circuit">A circuit</h2>' in shown
