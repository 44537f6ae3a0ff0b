"""All methods on a suite, and one of them: the table, its charts, and where a method fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import Field

from pluriscope.addresses.address import Addresses, anchor_of
from pluriscope.analysis.network_files.files import slug_of
from pluriscope.app.options import PageModel
from pluriscope.app.pages.prose import chapters
from pluriscope.figures.numbers import decimal, exact
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    ChartFigure,
    Columns,
    Fact,
    Facts,
    Head,
    Menu,
    More,
    Prose,
    Section,
    Table,
    side_by_side,
)
from pluriscope.page_kit.templating import linked
from pluriscope.tables.frames import AtHand
from pluriscope.tables.parquet import literal
from pluriscope.tables.table import Column, Query, Row, read_query
from pluriscope.views.records import RowsRecord, rows_record
from pluriscope_bench.key.condition import PRIMARY, condition_of
from pluriscope_bench.key.scores import SCORES, Score
from pluriscope_bench.key.submission import TRACKS, Outcome
from pluriscope_bench.key.summary import ranked
from pluriscope_bench.pages.charts import TRACK_WORDS, among_chart, arms_chart, edges_of, heat_of, score_chart
from pluriscope_bench.pages.results import (
    MEANING_OF,
    SCORE_OF,
    Results,
    citation,
    conditions_of,
    label_of,
    results_of,
    share_menu,
    some_of,
    suite_of,
    suites,
    switches,
    table_of,
    truths_of,
)
from pluriscope_bench.suite_files import MEANINGS
from pluriscope_studies.parquet_listing import ParquetListing

MAIN: Final = ("regret", "valid", "valid_raw", "beyond_random", "calls")
"""Scores that are columns, beside the one that is sorted by."""
_USUAL: Final = Query(limit=100)
_WORST: Final = Query(sort="regret", descending=True, limit=10)
_TITLE: Final = "Discovery methods against the answer key"
_SAYS: Final = (
    "Of every network here all valid circuits are known, so that each method is held against every right answer. Regret"
    " is how many edges its first valid circuit has beyond a smallest one, as a share of those that could be left out;"
    " 1 where none is valid. A mean gives every arm the same weight, and an interval holds 95% of resampled networks."
)
_ENTER: Final = (
    "`pluriscope bench METHOD.py --page FILE` asks a method of your own about the same networks"
    " and shows it in this table."
)
_HOW: Final = Path(__file__).parents[1] / "docs" / "bench.md"


# --- all methods


class BenchRecord(PageModel):
    """Methods on the networks of one suite under one condition."""

    suite: str
    digest: str = Field(description="Of the suite: what decides what is found.")
    condition: str
    suites: list[str] = Field(description="Those that are here.")
    conditions: list[str] = Field(description="Those that the suite has answers under.")
    methods: list[dict[str, Any]] = Field(
        description="Name, track, outcomes, every score as `mean`, `low` and `high`, and regret by arm."
    )


def _interval(key: str, row: Row) -> str:
    if key != "regret":
        return decimal(row[key])
    ends = f"{decimal(row[key])} ({decimal(row['regret_low'])}–{decimal(row['regret_high'])})"
    return f"{ends}, {row['some']}" if row["some"] else ends


def _score(score: Score, largest_first: bool, **more: Any) -> Column:
    return Column(score.key, score.label, MEANING_OF[score.label], "float", largest_first=largest_first, **more)


_HIDDEN: Final[dict[str, Any]] = {"shown": False, "orders": False}
COLUMNS: Final = (
    Column("name", "Method", "Its name.", "name", first=True),
    Column("track", "Track", "What it asks.", "text", "any", choices=TRACKS, words=TRACK_WORDS.__getitem__),
    Column("answered", "Answered", "Networks that it answered.", "int", **_HIDDEN),
    Column("networks", "Networks", "That it was asked about.", "int", **_HIDDEN),
    *(_score(one, one.better == "more", show=partial(_interval, one.key)) for one in SCORES),
    *(Column(f"{one.key}_{end}", f"{one.label}, {end}", "An end of its 95% interval.", "float", **_HIDDEN)
      for one in SCORES for end in ("low", "high")),
)  # fmt: skip


def _row(results: Results, one: Mapping[str, Any]) -> Row:
    """A method of the list."""
    values = {"name": label_of(one["name"]), "track": one["track"], "networks": sum(one["outcomes"].values())}
    values["some"] = some_of(one)
    for key in SCORE_OF:
        values |= {key: one[key]["mean"], f"{key}_low": one[key]["low"], f"{key}_high": one[key]["high"]}
    values["answered"] = one["outcomes"].get("answered", 0)
    return Row(values, ref=one["name"], url=results.method_url(one["name"]))


@dataclass(frozen=True, kw_only=True)
class BenchPage:
    """The methods that an address asks for."""

    results: Results
    query: Query = _USUAL

    @property
    def score(self) -> str:
        """Key of the one that is drawn: by which the list is sorted, if by any."""
        return self.query.sort if self.query.sort in SCORE_OF else "regret"

    @cached_property
    def table(self) -> Table:
        """The list; in a file as it is."""
        shown = [one for one in COLUMNS if one.name in ("name", "track", *MAIN, self.query.sort)]
        rows = [_row(self.results, one) for one in self.results.methods]
        if not self.results.suite:
            return Table.short("method", shown, rows)
        listing, url, kept = AtHand(COLUMNS, rows), self.results.links.url("bench"), self.results.kept
        table = Table(listing, self.query, url, "method", _USUAL, id="methods", kept=kept, columns=shown)
        path, *asked = table.link(self.query).split("?")
        return replace(table, files={"CSV": "?".join((f"{path}.csv", *asked))})

    def url(self, **changes: Any) -> str:
        """Its address with another query; "" in a file."""
        return self.table.link(replace(self.query, **changes)) if self.results.suite else ""

    def record(self) -> BenchRecord:
        """Record of the list for JSON."""
        results, of = self.results, {one["name"]: dict(one) for one in self.results.methods}
        return BenchRecord(
            suite=results.suite,
            digest=results.digest,
            condition=results.condition.key,
            suites=suites(),
            conditions=list(suite_of(results.suite).summary),
            methods=[of[row.ref] for row in self.table.found.rows],
        )


def find_bench(links: Addresses, options: Mapping[str, Sequence[str]]) -> BenchPage:
    """Read the list of methods that an address names.

    Raises:
        BadQuery: no such suite or condition.
        InvalidOption: an option or a value that the list does not have.
        NotFound: no suite is here.
    """
    results, given = results_of(links, options)
    return BenchPage(results=results, query=read_query(COLUMNS, given, _USUAL))


def file_page(document: Mapping[str, Any]) -> BenchPage:
    """Page of a result file: a page that is a file, without addresses."""
    condition = condition_of(document["condition"])
    methods = ranked(document["methods"])
    return BenchPage(results=Results(digest=document["suite"], condition=condition, methods=methods))


def bench_blocks(page: BenchPage, base: str = "") -> Iterator[Block]:
    """The page.

    Args:
        base: scheme and host before every path.
    """
    results = page.results
    here = [share_menu(results, page.url(), results.url("rows.csv"))] if results.suite else []
    yield Head(_TITLE, _SAYS, actions=here)
    yield from switches(results, **page.query.options(COLUMNS, _USUAL)) if results.suite else ()
    caption = (
        f"{SCORE_OF[page.score].label}, mean over arms with its 95% interval, under {results.condition.key}."
        " The lines upright are the exact minimum and a random order."
    )
    if any(one.get("package") for one in results.methods):
        caption += " A package in brackets is that of a published program."
    yield ChartFigure(chart=score_chart(results, page.score), caption=caption, id="by-method")
    yield page.table
    arms = "Mean regret over the networks of each arm; empty where a method is not offered."
    arms_figure = ChartFigure(chart=heat_of(results, "arms"), caption=arms, id="by-arm.chart")
    yield More("By arm", lambda: [arms_figure], "regret of each method in all", id="by-arm", sent=not results.suite)
    yield More("By condition", lambda: [_conditions(results)], "regret of each method under all", id="conditions",
               sent=not results.suite)  # fmt: skip
    yield More("Scores", lambda: [_definitions(page)], "what each is; by any of them methods are sorted and drawn",
               id="scores", sent=not results.suite)  # fmt: skip
    yield Section("Enter your own method", id="enter")
    yield Prose(_ENTER, glossary=False)
    if results.suite:
        yield More("How", _how, "what a method is given, what it may answer, and what comes of it", id="how")
        yield citation(results, _TITLE, page.url(), base)


def _how() -> Iterator[Block]:
    """Instructions for authors of methods."""
    for title, texts in chapters(_HOW):
        yield from [Section(title, id=anchor_of(f"how {title}"))] if title else []
        yield Prose("\n\n".join(texts), glossary=False)


def _conditions(results: Results) -> ChartFigure:
    """Regret of each method under every condition that its rows have."""
    methods = suite_of(results.suite).summary[PRIMARY.key] if results.suite else results.methods
    caption = "Mean regret under each condition, over the networks of which the truth is known there."
    chart = heat_of(replace(results, methods=methods), "conditions")
    return ChartFigure(chart=chart, caption=caption, id="conditions.chart")


def _definitions(page: BenchPage) -> Table:
    """Table of the scores and their meanings, each with a link that sorts by it."""

    def link(one: Score) -> str:
        return page.url(sort=one.key, descending=one.better == "more")

    rows = [(linked(one.label, link(one)), MEANING_OF[one.label]) for one in SCORES]
    return Table.plain(("Score", "What it is"), rows)


def scores_table(methods: Sequence[Mapping[str, Any]]) -> Table:
    """Every score of some methods, with its interval and what it is."""

    def written(one: Mapping[str, Any]) -> str:
        return "{} ({}–{})".format(*(decimal(one[end]) for end in ("mean", "low", "high"))) if one["n"] else ""

    labels = ("Score", *(label_of(one["name"]) for one in methods), "What it is")
    rows = [(one.label, *(written(of[one.key]) for of in methods), MEANING_OF[one.label]) for one in SCORES]
    return Table.plain(labels, rows)


# --- one method


class MethodRecord(RowsRecord):
    """Record of a method: its summary as on the list, and a page of its rows."""

    method: dict[str, Any]
    suite: str
    condition: str
    outcomes: list[dict[str, Any]] = Field(description="Each outcome with its cause and how many networks had it.")


@dataclass(frozen=True, kw_only=True)
class MethodPage:
    """A method on the networks of a suite.

    Args:
        one: its summary.
        table: its rows.
    """

    results: Results
    one: Mapping[str, Any]
    table: Table

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """All of its rows under the condition."""
        return self.results.rows("method", self.one["name"])

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """Outcomes of the method, the most frequent first."""
        counted = Counter((row["outcome"], row["message"] or "") for row in self.rows)
        return [{"outcome": outcome, "networks": n, "cause": cause} for (outcome, cause), n in counted.most_common()]

    def record(self) -> MethodRecord:
        """Record of the method for JSON."""
        query, links = self.table.query, self.results.links
        listed = rows_record(self.table.found, query, lambda start: links.twin(self.table.page_at(start)))
        own = {"suite": self.results.suite, "condition": self.results.condition.key, "outcomes": self.outcomes}
        return MethodRecord(**listed.model_dump(), **own, method=dict(self.one))


def find_method(links: Addresses, slug: str, options: Mapping[str, Sequence[str]]) -> MethodPage:
    """The method that an address names, with the rows that it asks for; raises as :func:`find_bench`."""
    results, given = results_of(links, options)
    one = results.method(slug)
    return MethodPage(results=results, one=one, table=rows_table(results, given, one["name"]))


def method_blocks(page: MethodPage, base: str) -> Iterator[Block]:
    """The page of one method."""
    results, one, label = page.results, page.one, label_of(page.one["name"])
    slug, names = slug_of(one["name"]), [other["name"] for other in results.methods]
    against = [
        Action(label_of(name), results.url(slug, "against", slug_of(name))) for name in names if name != one["name"]
    ]
    share = share_menu(results, results.url(slug), results.url("rows.csv", method=one["name"]))
    place = f"Place {names.index(one['name']) + 1} of {len(names)} by regret; {TRACK_WORDS[one['track']]}."
    if package := one.get("package"):
        place += " Published: {name} of {source}, licence {licence}; asked with {asked}.".format(**package)
    yield Head(label, place, actions=[Menu("Against", against), share])
    yield from switches(results, slug, conditions=lambda suite: conditions_of(suite, one["name"]))
    yield Facts([_fact(key, one) for key in MAIN[:4] if one[key]["mean"] is not None])
    yield Section("Where it fails", "The networks of its largest regret: its answer among all valid circuits by edges.")
    yield from side_by_side(list(_among(page)), 3)
    yield page.table
    arms = ChartFigure(chart=arms_chart(one["arms"]), caption="Mean regret by arm.", id="by-arm")
    outcomes = Table.plain(("Outcome", "Networks", "Cause"), [[*outcome.values()] for outcome in page.outcomes])
    yield Columns([[arms], [Section("Outcomes"), outcomes]])
    yield More("All scores", lambda: [scores_table([one])], "with what each is", id="scores")
    yield citation(results, f"{label} on the answer key", results.url(slug), base)


def _fact(key: str, one: Mapping[str, Any]) -> Fact:
    mean, low, high = (decimal(one[key][end]) for end in ("mean", "low", "high"))
    return Fact(SCORE_OF[key].label, mean, note=f"{low} to {high}")


def _among(page: MethodPage) -> Iterator[ChartFigure]:
    """The answers of the largest regret, each among the valid circuits of its network."""
    there = [row for row in page.rows if edges_of(row) is not None and row["regret"]]
    for number, row in enumerate(sorted(there, key=lambda row: -row["regret"])[:3]):
        truth = truths_of(page.results.suite, row["network"]).get(page.results.condition.key)
        if truth is not None and truth["sizes"]:
            name = linked(row["network"], page.results.url("networks", row["network"]))
            caption = name + f": {exact(truth['n_valid'])} valid circuits, regret {decimal(row['regret'])}."
            yield ChartFigure(chart=among_chart(row, truth), caption=caption, id=f"worst-{number}")


# --- rows


ROWS: Final = (
    Column("network", "Network", "Of the suite.", "name", "any", first=True, offered=False),
    Column("method", "Method", MEANINGS["method"], "text", "any", offered=False),
    Column("arm", "Arm", MEANINGS["arm"], "text", "any"),
    Column("outcome", "Outcome", MEANINGS["outcome"], "text", "any", choices=get_args(Outcome)),
    Column("message", "Cause", MEANINGS["message"], "text", **_HIDDEN),
    Column("answer", "Answer", MEANINGS["answer"], "text", **_HIDDEN),
    Column("own", "Own", MEANINGS["own"], "text", **_HIDDEN),
    Column("edges", "Edges", "Of its first valid circuit, else at its own operating point.", "int", orders=False),
    *(_score(one, one.better == "less", shown=one.key in MAIN[:4]) for one in SCORES),
    *(Column(f"calls_{track}", f"Calls, {track}", "How often it asked.", "int", shown=False) for track in TRACKS),
    Column("seconds", "Seconds", MEANINGS["seconds"], "float", shown=False),
)  # fmt: skip


def rows_table(results: Results, options: Mapping[str, Sequence[str]], method: str = "") -> Table:
    """The rows under one condition that an address asks for: of one method, the largest regret first, or of all."""

    def rows(lines: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
        for line in lines:
            yield Row({**line, "edges": edges_of(line)}, url=results.url("networks", line["network"]))

    where = f"condition = {literal(results.condition.key)}" + (f" AND method = {literal(method)}" if method else "")
    usual, url = (_WORST, results.links.url("bench", slug_of(method))) if method else (None, "")
    columns = [column for column in ROWS if not method or column.name != "method"]
    listing = ParquetListing(ROWS, table_of(results.suite, "answers"), rows, where=where)
    query, kept = read_query(ROWS, options, usual), results.kept
    return Table(listing, query, url, "network", usual, id="networks", kept=kept, columns=columns)
