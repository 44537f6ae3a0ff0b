"""The paper, claim by claim: what it says, what is found under its rules and under complete ones, and where to see it.

The claims are one record, ``paper.toml``. Numbers found here are computed by its queries from the rows of the findings;
those of networks to open are what is stored of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Final

from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.app.bundled import ALICE_AND_BOB_SAY
from pluriscope.app.errors import PageError
from pluriscope.app.options import PageModel
from pluriscope.app.pages.counted import counts_of
from pluriscope.app.pages.place import locate
from pluriscope.documents.glossary import Term
from pluriscope.figures.charts import read_chart
from pluriscope.figures.numbers import decimal, exact, plural
from pluriscope.kinds.strategies import explained
from pluriscope.page_kit.blocks import Action, Block, ChartFigure, Head, More, Prose, Section, Table
from pluriscope.page_kit.templating import linked
from pluriscope.tables.parquet import ParquetTable
from pluriscope_studies.pages import findings

_ARXIV: Final = "https://arxiv.org/abs/2502.20914"
_RULES: Final = """\
Their rules are [those of the authors’ code](scope.md#complete-and-paper); complete ones take every circuit and both \
directions. *Fitted* means that one number was chosen to match."""
_ROWS: Final = """\
WITH v AS (SELECT * REPLACE (try_cast(value AS DOUBLE) AS value), value AS text FROM {{rows}})
SELECT found FROM ({}) AS found"""
_COUNTED: Final = {
    "valid_circuits": "circuit",
    "interpretations": "interpretation",
    "aligned_algorithms": "placed algorithm",
    "minimal_alignments": "minimal placement",
}
_OF_CHART: Final = ("kind", "title", "x", "y", "marks")
_LARGE: Final = 100
"""Numbers from here on are rounded to whole ones."""


class ExampleRecord(PageModel):
    """Something to open."""

    words: str
    url: str
    counts: str = Field(description="What is stored of the network: how many explanations it has of each kind.")


class ClaimRecord(PageModel):
    """Record of a claim, beside what is found here."""

    key: str = Field(description="Its anchor on the page.")
    title: str
    section: str = Field(description="Where it stands, as far as that is known.")
    known: str = Field(description="How it is known to us: keys of `sources`.")
    stands: str = Field("", description="reproduced, fitted or not settled; empty where there is nothing to count.")
    says: str
    paper: str = Field(description="What is found under the rules of the paper.")
    complete: str = Field(description="What is found under complete rules.")
    why: str = Field(description="Why it differs.")
    examples: list[ExampleRecord] = Field(description="What shows it.")
    command: str = Field(description="What finds it.")
    rows: dict[str, str] = Field(description="Studies whose rows were counted, with the addresses of these.")


class PartRecord(PageModel):
    """Claims about one thing."""

    key: str
    title: str
    sentence: str
    claims: list[ClaimRecord]


class PaperRecord(PageModel):
    """The paper, claim by claim."""

    question: str
    answer: str
    citation: str
    sources: dict[str, str] = Field(description="How a claim may be known to us, by letter.")
    parts: list[PartRecord]
    method: str
    not_shown: str


@dataclass(frozen=True, kw_only=True)
class Claim(Block):
    """Claim beside its figure.

    Args:
        claim: what is said and what is found.
        sources: how it is known to us, in words.
        figure: what shows it; None where nothing does.
    """

    claim: ClaimRecord
    sources: str
    figure: ChartFigure | None

    @property
    def inner(self) -> Sequence[Block]:
        return [self.figure] if self.figure else []


@cache
def _document() -> dict[str, Any]:
    text = (findings.FOLDER / "paper.toml").read_text(encoding="utf-8")
    return tomllib.loads(text.replace("{ALICE_AND_BOB_SAY}", ALICE_AND_BOB_SAY))


@cache
def _claims() -> dict[str, dict[str, Any]]:
    """Claims of the file, by their keys."""
    return {claim["key"]: claim for part in _document()["parts"] for claim in part["claims"]}


def claims_by_key() -> dict[str, Term]:
    """Claims as terms that the search finds: by title, other words, section, and what they claim."""
    return {
        key: Term(one["title"], one["says"], (), (*one["words"].split("; "), one["section"]))
        for key, one in _claims().items()
    }


@cache
def _asked(slug: str, query: str) -> list[dict[str, Any]]:
    """The rows that a query gives of those of a study."""
    return [row for (row,) in ParquetTable([findings.FOLDER / f"{slug}.parquet"]).ask(_ROWS.format(query))]


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return " / ".join(map(_in_words, value))
    whole = value >= _LARGE or value == int(value)
    return exact(round(value)) if whole else decimal(value, 1 if value >= 1 else 2)


def _computed(entry: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Texts with their numbers; without any where the rows are not those that came with Pluriscope."""
    queries = entry.get("values", {})
    if wrong := next(filter(None, map(findings.broken_rows, queries)), ""):
        return dict.fromkeys(names, f"Not computed: {wrong}.")
    rows = (row for slug, query in queries.items() for row in _asked(slug, query))
    found = {name: _in_words(value) for row in rows for name, value in row.items()}
    return {name: entry[name].format(**found) for name in names}


def build_paper(session: Session, links: Addresses) -> PaperRecord:
    """Every claim with what is found."""
    document = _document()
    counted = cache(partial(_counted, session, links))  # several claims lead to one network
    parts = [part | {"claims": [_claim(counted, links, one) for one in part["claims"]]} for part in document["parts"]]
    return PaperRecord(**_of(PaperRecord, document) | _computed(document, "answer") | {"parts": parts})


def _of(model: type[PageModel], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Select the fields of a model from an entry of the file."""
    return {name: said for name, said in entry.items() if name in model.model_fields}


def _claim(counted: Callable[[str, Scope], str | None], links: Addresses, entry: Mapping[str, Any]) -> ClaimRecord:
    examples = []
    for one in entry.get("examples", ()):
        scope = Scope(protocol=one.get("protocol", "paper"), data=one.get("data", ""))
        url = links.prefix + one["path"] if "path" in one else links.network(one["network"], scope)
        counts = "" if "path" in one else counted(one["network"], scope)
        if counts is not None:
            examples.append(ExampleRecord(words=one["words"], url=url, counts=counts))
    rows = {slug: links.url("findings", "data", f"{slug}.csv") for slug in entry.get("values", ())}
    more = {"examples": examples, "rows": rows, **_computed(entry, "paper", "complete")}
    return ClaimRecord(**_of(ClaimRecord, entry) | more)


def _counted(session: Session, links: Addresses, network: str, scope: Scope) -> str | None:
    """Words for how many explanations of a network are stored; "" if it is not analysed, None if it is missing."""
    try:
        found = locate(session, links, network, scope).analysis
    except PageError:
        return None
    if found is None:
        return ""
    counts = [(getattr(counts_of(found), name), what) for name, what in _COUNTED.items()]
    return ", ".join(f"{count} {plural(count.value, what)}" for count, what in counts)


def _figure(of: Mapping[str, Any], key: str) -> ChartFigure | None:
    """A figure: the series that are given, and one for each name that its queries give."""
    entry = of.get("figure")
    if entry is None or any(map(findings.broken_rows, entry["rows"])):
        return None
    rows = [row for slug, query in entry["rows"].items() for row in _asked(slug, query)]
    series = list(entry.get("given", ()))
    for name in dict.fromkeys(row["series"] for row in rows):
        own = [row for row in rows if row["series"] == name]
        columns = {column: [row[column] for row in own] for column in own[0] if column != "series"}
        series.append({"name": name, "look": entry.get("looks", {}).get(name, "ink"), **columns})
    chart = read_chart({name: entry[name] for name in _OF_CHART if name in entry} | {"series": series})
    return ChartFigure(chart=chart, caption=chart.title, id=key) if chart else None


def paper_blocks(found: PaperRecord, links: Addresses) -> Iterator[Block]:
    """The page."""
    head = [Action("The paper on arXiv", _ARXIV), Action("All findings", links.url("findings"))]
    yield Head("The paper, claim by claim", f"{found.question} {found.answer}", actions=head)
    yield Prose(f"{found.citation} {_RULES}", glossary=False)
    yield explained(links)
    every = [one for part in found.parts for one in part.claims]
    rows = [(linked(one.title, f"#{one.key}", "link"), one.section, one.stands or "—") for one in every]
    yield Table.plain(("Claim", "Where", "Outcome here"), rows)
    for part in found.parts:
        yield Section(part.title, part.sentence, id=part.key)
        for one in part.claims:
            sources = ", ".join(found.sources[key] for key in one.known.split())
            yield Claim(id=one.key, claim=one, sources=sources, figure=_figure(_claims()[one.key], f"{one.key}-figure"))
    yield More(
        "How the results were compared", lambda: _compared(found, links), "with the options of the program", id="method"
    )
    yield Section("What it does not show")
    yield Prose(found.not_shown, glossary=False)


def _compared(found: PaperRecord, links: Addresses) -> Iterator[Block]:
    yield Prose(found.method, glossary=False)
    finding = findings.finding_of(findings.REPORTED, links)
    if not findings.broken(finding):
        yield from (replace(one, id=f"method.{one.id}") for one in findings.charts_of(finding))
