"""Every block in every state, on one page, for the tests of blocks and for whoever wants to look at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from markupsafe import Markup
from pydantic import BaseModel, Field, SecretStr

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.figures.charts import Axis, Chart, Mark, Series
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    ChartFigure,
    Choice,
    Fact,
    Facts,
    Figure,
    Form,
    Head,
    Menu,
    More,
    Notice,
    Progress,
    Prose,
    Section,
    Side,
    Table,
    Tray,
    Verdict,
)
from pluriscope.tables.frames import AtHand
from pluriscope.tables.table import Column, Query, Row, read_query
from tests.library.figures import samples

HOSTILE = "<script>alert(1)</script>"
COLUMNS = (
    Column("ref", "Explanation", "What names it.", "name", first=True),
    Column("kind", "Kind", "What it says.", "text", facet="any", shown=False, words=str.capitalize),
    Column(
        "standing",
        "Standing",
        "Whether it is valid.",
        "text",
        facet="any",
        shown=False,
        default=("valid",),
        choices=("valid", "failing"),
    ),
    Column("edges", "Edges", "How many edges it keeps.", "int", facet="range"),
    Column("margin", "Margin", "How far the nearest output is from the threshold.", "float", largest_first=True),
    Column("passes", "Passes", "Criteria that it passes.", "labels", facet="all", shown=False),
    Column("note", "Note", "What somebody wrote.", "text"),
)
ROWS = tuple(
    Row(
        {
            "ref": f"c·{i:03x}",
            "kind": "circuit" if i % 3 else "alignment",
            "standing": "failing" if i % 7 == 6 else "valid",
            "edges": 10 + i % 5,
            "margin": None if i % 4 == 3 else i / 100,
            "passes": frozenset({"mean", "resample"} if i % 2 else {"mean"}),
            "note": HOSTILE if i == 1 else None,
        },
        ref=f"c-{i:03x}",
        url=f"/networks/xor/circuits/{i:03x}",
    )
    for i in range(24)
)


class Settings(BaseModel):
    """A field of every type."""

    name: str = Field("XOR, my seed 7", title="Name", max_length=40, description="Shown in lists.")
    depth: Annotated[int, Field(ge=1, le=4, title="Depth of formulas")] = 3
    share: float | None = Field(None, gt=0, description="Of all inputs.")
    rules: Literal["complete", "paper"] = Field("complete", json_schema_extra={"words": {"paper": "as in the paper"}})
    kinds: tuple[Literal["circuits", "algorithms"], ...] = ("circuits",)
    sizes: tuple[int, ...] = Field((3,), min_length=1, max_length=8)
    end: Literal["linear", "relu"] | None = None
    again: bool = Field(False, title="Count again")
    text: str = Field("", title="Weights", json_schema_extra={"control": "textarea"})
    file: str = Field("", title="File", json_schema_extra={"control": "file"})
    password: SecretStr


def table(options: dict[str, list[str]] | None = None, columns: tuple[Column, ...] = COLUMNS, **more: object) -> Table:
    """The list of all rows, as these options ask for it."""
    usual = Query(limit=10)
    query = read_query(columns, options or {}, usual)
    given = {"noun": "explanation", "usual": usual, "id": "list", "files": {"CSV": "/list.csv"}} | more
    return Table(AtHand(columns, ROWS), query, "/blocks", **given)  # type: ignore[arg-type]


def drawing(_row: Row | None = None) -> Markup:
    return circuit_thumb(samples.WEIGHTS, samples.MASK)


SIZES = Chart(
    "bars",
    "Circuits by edges",
    Axis("edges"),
    Axis("circuits"),
    [
        Series(
            "",
            [10, 11, 12],
            [3, 5, 7],
            names=["ten", "eleven", "twelve"],
            urls=["/blocks?edges_min=10", "", "/blocks?edges_min=12"],
        )
    ],
    [Mark(11, "P", url="/blocks?edges_min=11")],
    selects=("edges_min", "edges_max"),
)


def every_block(options: dict[str, list[str]] | None = None, columns: tuple[Column, ...] = COLUMNS) -> Iterator[Block]:
    """All thirteen, those with states in each state."""
    rules = Choice("Rules", {"complete": "/blocks", "paper": "/blocks?rules=paper"}, "complete")
    yield Head(
        "A circuit of 10 edges",
        "One of 197 that answer XOR on 4 of 4 inputs when all other edges are cut.",
        [
            Verdict("zero ablation", "pass"),
            Verdict("output faithfulness", "fail", "/glossary"),
            Verdict("interchange", "na"),
            Verdict("mean ablation", "untested"),
        ],
        [
            Action("Compare", "/compare"),
            rules,
            Menu("Share", [Action("Copy as a file", "/file"), Action("Rename", "/rename")]),
        ],
    )
    yield Facts(
        [
            Fact("valid circuits", "197", "of 9,625 possible · complete", "paper’s rules: 32 of 3,000", "/circuits"),
            Fact("interpretations", "147,899,020", "7,836 inputs can tell apart", "paper’s rules: 234,700"),
            Fact("algorithms", "1", "of 250 candidates"),
        ]
    )
    yield rules
    yield Choice(
        "What is cut carries", {"zero": "/z", "its mean": "/m", "another input": "/r"}, "zero", "on every page"
    )
    yield Section("Figures", "A drawing.", Action("All figures", "/figures"))
    yield Figure(drawing(), "Ten edges; n2.1 and n2.2 are cut.", {"SVG": "/a.svg", "PNG": "/a.png"})
    yield Section("Lists")
    yield table(
        options, columns, thumb=drawing, says=lambda row: f"in {row['edges']} edges", tray=Tray("xor", "/compare")
    )
    yield table(view="cards", id="cards", thumb=drawing, facets=False, tray=None)
    yield table({"kind": ["none"]}, id="nothing", facets=False)
    yield Section("Text")
    yield Prose(
        f"A **circuit** keeps some edges. It is valid if it answers right. {HOSTILE}\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    yield Section("Forms and work")
    errors = {"depth": "6 is too deep: at most 4."}
    yield Form(Settings, "/blocks", "Analyse", {"depth": 6, "name": HOSTILE}, errors, cancel="/", id="settings")
    cancel = Action("Cancel and keep it", "/cancel", changes=True)
    yield Progress("1,020 of 1,253 tried, 2 valid so far", 1020, 1253, "4 s so far", actions=[cancel], id="job")
    yield Progress("Counted 12 of nobody knows how many", ended=True)
    yield Section("Beside each other")
    yield Side(
        [Figure(drawing(), "Circuit"), Notice("Nothing beside it"), Facts([Fact("edges", "10"), Fact("gates", "5")])]
    )
    yield Notice("No circuit has all six properties", "9,625 were tried.", "", actions=[Action("Take one off", "/off")])
    yield Notice("Rivals: still computing", "12 of 197 circuits compared.", state="computing")
    yield Notice.refused(InvalidNetwork("weights.json", "has 4 rows in layer 2 where 3 are needed", "see the format"))
    yield More(
        "Neuron by neuron",
        lambda: [Prose("Six neurons."), table(id="neurons.list", facets=False)],
        "6 differ",
        id="neurons",
    )
    yield More("Same activations, two thresholds", lambda: [Prose("Both are consistent.")])
    yield ChartFigure(chart=SIZES, caption="Circuits by the edges that they keep.", id="sizes")
