"""Charts: what their record says, what is drawn of it, and what a browser is given."""

import json
import re
from html import unescape

import numpy as np
import plotly.graph_objects as go
import pytest

from pluriscope.figures.charts import Axis, Chart, Mark, Series, document_of, heat_chart, histogram, read_chart, thinned
from pluriscope.figures.interactive import figure_json
from pluriscope.figures.standalone import size_of
from pluriscope.figures.svg.charts import draw, thumb
from pluriscope.page_kit.blocks import ChartFigure

BARS = Chart("bars", "Circuits by edges", Axis("edges"), Axis("circuits"),
             [Series("", [10, 11, 12], [3, 0, 7], urls=["/a", "", "/c"])], [Mark(11, "P")],
             ("least", "most"))  # fmt: skip
ROWS = Chart("dots", "Share of valid answers", Axis("valid", percent=True, low=0, high=1),
             Axis(names=("ACDC", "a <b> & c")),
             [Series("trained", [0.5, 0.25], [0, 1], low=[0.4, 0.2], high=[0.6, 0.3]),
              Series("drawn", [0.1, 0.2], [0, 1], look="open")])  # fmt: skip
LINES = Chart("lines", "Loss", Axis("epoch"), Axis("loss", log=True),
              [Series("one", [1, 2, 3, 4], [1.0, None, 0.1, 0.0], look="dashed")],
              [Mark(0.01, "target", "y")])  # fmt: skip
HEAT = Chart("heat", "Read", Axis(names=("00", "01")), Axis("weight"),
             [Series("n1.0", [0, 1], [0.5, -1.0]), Series("n1.1", [0, 1], [None, 0.25])])  # fmt: skip
EVERY = {"bars": BARS, "rows": ROWS, "lines": LINES, "heat": HEAT}
NOTHING = [
    Chart("bars", "None", Axis(), Axis(), []),
    Chart("dots", "None", Axis(), Axis(), [Series("", [], [])]),
    Chart("lines", "None", Axis(), Axis(log=True), [Series("", [1, 2], [0, None])]),
    Chart("heat", "None", Axis(names=("a",)), Axis(), [Series("r", [0], [None])]),
]
ONE = [
    Chart("bars", "One", Axis("a"), Axis("b"), [Series("", [3], [7])]),
    Chart("bars", "Zero", Axis("a"), Axis("b"), [Series("", [0], [0])]),
    Chart("dots", "One", Axis("a", log=True), Axis("b"), [Series("", [3], [-2])]),
    Chart("lines", "One", Axis("a"), Axis("b", log=True), [Series("", [3], [1e-9])]),
]


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("width", [0, 640])
def test_every_item_is_drawn_with_its_words(name, width):
    drawn = str(draw(EVERY[name], width))
    titles = [unescape(words) for words in re.findall(r"<title>([^<]*)</title>", drawn)]
    placed = [EVERY[name].words(one, number) for one in EVERY[name].series for number, *_ in EVERY[name].points(one)]
    drawn_dots_at = placed if name != "lines" else placed[:1] + placed[-1:]
    assert set(drawn_dots_at) <= set(titles)
    assert "nan" not in drawn
    assert "<b>" not in drawn
    if width:
        assert size_of(drawn)[0] == width


@pytest.mark.parametrize(
    ("chart", "words"),
    [(BARS, "edges 10, circuits 3"), (ROWS, "trained: valid 50%, ACDC (40% to 60%)"), (HEAT, "n1.0, 00: 0.5"),
     (Chart("bars", "Bins", Axis("edges"), Axis("circuits"), [Series("", [5.5], [2], names=["4 to 7"])]),
      "4 to 7: circuits 2")],
)  # fmt: skip
def test_an_item_says_its_place_once(chart, words):
    assert chart.words(chart.series[0], 0) == words


def test_ticks_of_a_short_logarithmic_axis_are_whole_numbers():
    assert json.loads(figure_json(ONE[2]))["layout"]["xaxis"]["tickformat"] == ",~r"


def test_items_with_an_address_are_links_in_the_drawing_and_in_the_figure():
    assert re.findall(r'<a href="([^"]*)"', str(draw(BARS))) == ["/a", "/c"]
    figure = json.loads(figure_json(BARS))
    assert figure["data"][0]["customdata"] == ["/a", "", "/c"]
    assert figure["layout"]["meta"]["selects"] == ["least", "most"]
    assert figure["layout"]["dragmode"] == "select"


@pytest.mark.parametrize("name", EVERY)
def test_the_figure_has_the_items_that_have_a_place(name):
    chart, figure = EVERY[name], json.loads(figure_json(EVERY[name]))
    words = [unescape(text) for trace in figure["data"] for text in trace["hovertext"]]
    assert words == [chart.words(one, number) for one in chart.series for number, *_ in chart.points(one)]
    assert "<b>" not in json.dumps(figure)
    go.Figure(figure)  # which refuses what plotly.js does not know
    assert len(figure["layout"].get("annotations", [])) == len(chart.marks)


@pytest.mark.parametrize(
    ("high", "log", "inks"),
    [
        (4.0, False, [("", "0.25"), (" m-down", "0.06"), ("", "0.50")]),
        (None, False, [("", "0.50"), (" m-down", "0.12"), ("", "1.00")]),
        (None, True, [("", "0.63"), ("", "1.00")]),  # below 0 there is no logarithm
    ],
)
def test_a_cell_is_as_dark_as_its_number_and_outlined_below_0(high, log, inks):
    values, texts, urls = [[1.0, -0.5], [None, 2.0]], [["one", "half"], ["", "two"]], [["/to", ""], ["", ""]]
    measured = Axis("value", high=high, log=log)
    drawn = draw(heat_chart("Map", ["a", "b"], ["1", "2"], values, measured=measured, texts=texts, urls=urls))
    assert re.findall(r'class="m-ink( m-down)?"[^>]*fill-opacity="([0-9.]+)"', drawn) == inks
    assert re.findall(r'<a href="([^"]+)"><title>([^<]+)</title>', drawn) == [("/to", "a, 1: one (1)")]
    assert re.findall(r">(one|half|two)</text>", drawn) == (["one", "two"] if log else ["one", "half", "two"])


def test_marks_have_lines_of_their_own_where_they_are_near():
    chart = Chart("bars", "Marks", Axis("x"), Axis("y"), [Series("", [0, 100], [1, 1])],
                  [Mark(50, "here"), Mark(51, "there"), Mark(99, "at the end"), Mark(1, "low", "y")])  # fmt: skip
    placed = {mark.label: line for mark, _, line in chart.placed_marks()}
    assert placed == {"low": 0, "here": 0, "there": 1, "at the end": 0}
    shifts = [one.get("yshift") for one in json.loads(figure_json(chart))["layout"]["annotations"]]
    assert [bool(one) for one in shifts] == [False, False, True, False]


@pytest.mark.parametrize("name", EVERY)
def test_a_card_has_a_small_drawing_without_links(name):
    drawn = str(thumb(EVERY[name]))
    assert size_of(drawn)[:2] == (248, 120) or name == "heat"
    assert "<a " not in drawn
    assert thumb(NOTHING[0]) == ""


@pytest.mark.parametrize(("items", "links"), [(40, 40), (41, 0)])
def test_where_hundreds_would_be_stepped_through_only_the_table_has_links(items, links):
    chart = Chart("bars", "Many", Axis("x"), Axis("y"), [Series("", range(items), [1] * items, urls=["/to"] * items)])
    assert str(draw(chart)).count("<a ") == links
    assert ChartFigure(chart=chart, caption="").html().count('<td class="n">\n<a href="/to"') == items


@pytest.mark.parametrize("chart", NOTHING, ids=lambda chart: chart.kind)
def test_a_chart_of_nothing_says_so(chart):
    assert draw(chart) == ""
    assert "nothing to draw" in ChartFigure(chart=chart, caption="").html()
    assert json.loads(figure_json(chart))["layout"]


@pytest.mark.parametrize("chart", ONE, ids=lambda chart: f"{chart.kind}-{chart.title}")
def test_a_chart_of_one_value_is_drawn_within_its_box(chart):
    drawn = str(draw(chart))
    shares = [float(share) for share in re.findall(r'(?:x|cx)="(-?[\d.]+)%"', drawn)]
    assert shares
    assert all(-0.1 <= share <= 100.1 for share in shares)
    assert "nan" not in drawn


def test_of_very_many_points_the_extremes_are_kept_and_it_is_said():
    values = np.random.default_rng(1).normal(size=200_000)
    values[[77, 1234]] = -9, 9
    given = Series("", list(range(200_000)), values.tolist(), names=[str(n) for n in range(200_000)])
    some = thinned(given)
    assert len(some.x) <= 1_000
    assert {0, 77, 1234, 199_999} <= set(some.x)
    assert all(some.names[place] == str(x) and some.y[place] == values[x] for place, x in enumerate(some.x))
    chart = Chart("dots", "Many", Axis("x"), Axis("y"), [given])
    page = ChartFigure(chart=chart, caption="").html()
    assert f"Drawn: {len(some.x):,} of 200,000 items." in page
    assert len(page) < 120_000
    assert len(figure_json(chart.drawn)) < 200_000
    assert sum(1 for _ in chart.rows()) == 200_000  # as its CSV has them
    assert thinned(some, 2_000) is some


@pytest.mark.parametrize(
    ("counts", "bars"),
    [({1: 2, 2: 5}, 2), (dict.fromkeys(range(300), 1), 75), ({n / 7: 2 for n in range(1_000)}, 120), ({}, 0)],
)
def test_bins_lose_nothing(counts, bars):
    series, width = histogram("", counts)
    assert sum(series.y) == sum(counts.values())
    assert len(series.x) == bars
    assert width > 0


@pytest.mark.parametrize("name", EVERY)
def test_a_stored_chart_reads_back(name):
    document = json.loads(json.dumps(document_of(EVERY[name])))
    assert document_of(read_chart(document)) == document
    assert str(draw(read_chart(document))) == str(draw(EVERY[name]))


WRONG = [{"name": "", "x": [1], "y": []}, {"name": "", "x": [1], "y": [1], "urls": ["", ""]}]


@pytest.mark.parametrize(
    "document", [None, {}, {"kind": "pie"}, *(document_of(BARS) | {"series": [one]} for one in WRONG)]
)
def test_a_chart_of_another_version_is_none(document):
    assert read_chart(document) is None


def test_the_table_has_every_item_with_its_numbers():
    assert BARS.columns() == ("edges", "circuits")
    assert ROWS.columns() == ("series", "valid", "y", "low", "high")
    assert list(ROWS.rows())[1] == ("trained", 0.25, "a <b> & c", 0.2, 0.3)
    assert list(LINES.rows()) == [("one", x, y) for x, y in ((1, 1.0), (2, None), (3, 0.1), (4, 0.0))]
    assert LINES.omitted == "2 items without a value on these axes."
    whole = Chart("dots", "Whole", Axis("x"), Axis("y"), [Series("", [9.0, 0.5], [2.0, 1e18])])
    assert str(list(whole.rows())) == "[(9, 2), (0.5, 1000000000000000000)]"
