"""Findings of the studies that came before: the page, its chapters, and the rows behind what charts show.

They are data: a record, charts, and a table for each study with one manifest. Nothing is computed here. Where the rows
or the design of a study are no longer those that a finding was computed from, its numbers are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from markupsafe import Markup
from pydantic import Field

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.navigation import navigation
from pluriscope.app.errors import NotFound
from pluriscope.app.options import PageModel
from pluriscope.figures.charts import read_chart
from pluriscope.figures.svg.charts import FILE_WIDTH, draw
from pluriscope.page_kit.blocks import Action, Block, ChartFigure, Columns, Head, Notice, Prose, Section, Table
from pluriscope.tables.parquet import ParquetTable

FOLDER: Final = cast(Path, resources.files("pluriscope_studies") / "bundled" / "findings")
_ALWAYS: Final = ("key", "title", "studies")
REPORTED: Final = "reported"
FIGURE: Final = "figure"
"""What the names of charts begin with."""
_FORMS: Final = ("svg", "png", "pdf")
_CURE: Final = "restore the file"


@lru_cache(maxsize=1)
def record() -> dict[str, Any]:
    """Record of the findings."""
    found: dict[str, Any] = json.loads((FOLDER / "findings.json").read_bytes())
    return found


def on_page() -> list[dict[str, Any]]:
    """Findings whose sentences the page has; those aside are chapters alone."""
    return [one for one in record()["findings"] if not one.get("aside")]


def further() -> list[dict[str, Any]]:
    """Chapters of no finding of the page."""
    keys = {one["key"] for one in on_page()}
    return [one for part in ("findings", "chapters") for one in record()[part] if one["key"] not in keys]


@lru_cache(maxsize=1)
def charts() -> dict[str, dict[str, ChartFigure]]:
    """The charts of each finding by their names, as ``benchmarks/finding_charts.py`` computed them from the tables."""
    found: dict[str, dict[str, ChartFigure]] = {}
    for one in json.loads((FOLDER / "charts.json").read_bytes()):
        chart = read_chart(one["chart"])
        if chart is not None:
            shown = ChartFigure(chart=chart, caption=one["caption"], id=f"{one['finding']}-{one['name']}")
            found.setdefault(one["finding"], {})[one["name"]] = shown
    return found


class FindingRecord(PageModel):
    """Record of a finding."""

    key: str = Field(description="Its address among the findings.")
    title: str
    headline: str = Field("", description="What was found, in at most twenty words; empty where it cannot be computed.")
    sentence: str = Field("", description="The same with its numbers; empty likewise.")
    lines: dict[str, str] = Field({}, description="n, null, interval, overturned by.")
    table: str = Field("", description="What the table of its chapter is of.")
    head: list[str] = Field([], description="Of the columns of the table.")
    rows: list[list[str]] = Field([], description="Of the table.")
    studies: dict[str, Any] = Field(description="Study → digests of its rows and of its design.")
    broken: str = Field(description="Why its numbers cannot be computed; empty if they can.")


class FindingsRecord(PageModel):
    """All findings."""

    samples: list[dict[str, Any]] = Field(description="What was sampled, and which findings rest on it.")
    limits: list[str]
    findings: list[FindingRecord]


def lines_of(one: Mapping[str, Any]) -> str:
    """What stands beside a finding, as a list of Markdown: n, null, interval, overturned by."""
    return "\n".join(f"- **{name}**: {line}" for name, line in one["lines"].items())


def findings_record() -> FindingsRecord:
    """The page as a record; drawings are files of their own."""
    document = record()
    found = []
    for one in on_page():
        whole = {**one, **one.get("chapter", {})} if not broken(one) else {name: one[name] for name in _ALWAYS}
        known = {name: value for name, value in whole.items() if name in FindingRecord.model_fields}
        found.append(FindingRecord(**known | {"broken": broken(one)}))
    return FindingsRecord(samples=document["samples"], limits=document["limits"], findings=found)


@lru_cache(maxsize=1)
def manifest() -> dict[str, Any]:
    """Manifest of the tables: columns with their meaning, tables by study, designs, and what made them."""
    found: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_bytes())
    return found


def broken(one: Mapping[str, Any]) -> str:
    """Error of the data of a finding; "" if its numbers are those of the data that are here."""
    problems = (broken_study(slug, data["rows"], data["design"]) for slug, data in one["studies"].items())
    return next(filter(None, problems), "")


@lru_cache(maxsize=256)
def _hash(slug: str) -> str:
    """Hash of the file of a study's rows; "" if it is not here."""
    path = FOLDER / f"{slug}.parquet"
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" if path.is_file() else ""


def broken_rows(slug: str) -> str:
    """Difference of the rows of a study from those that the manifest describes; "" if there is none."""
    table = manifest()["tables"][slug]
    return broken_study(slug, f"sha256:{table['sha256']}", table.get("design", ""))


def broken_study(slug: str, rows: str, design: str) -> str:
    """Difference of the data of a study from those that numbers were computed from; "" if there is none."""
    if not _hash(slug):
        return f"the rows of {slug} are not here"
    if _hash(slug) != rows:
        return f"the rows of {slug} are not those that the numbers were computed from"
    same = manifest()["tables"][slug].get("design", "") == design
    return "" if same else f"the design of {slug} is not the one that its rows were computed with"


@dataclass(frozen=True, kw_only=True)
class Finding(Block):
    """Finding beside its charts.

    Args:
        number: its place on the page.
        headline: what was found.
        sentence: the same with its numbers; "" where there are none.
        lines: n, null, interval, overturned by.
        charts: its charts, or why there are none.
        chapter: address of its chapter.
        title: of the chapter.
    """

    number: int
    headline: str
    sentence: str
    lines: Mapping[str, str]
    charts: Sequence[Block]
    chapter: str
    title: str

    @property
    def inner(self) -> Sequence[Block]:
        return self.charts


@dataclass(frozen=True, kw_only=True)
class Samples(Block):
    """Samples, the findings that rest on them, and the limits of all.

    Args:
        samples: each with its networks, how many converged and by which findings it is used, and how.
        numbers: of the findings.
        limits: sentences.
    """

    samples: list[dict[str, Any]]
    numbers: range
    limits: list[str]


def findings(links: Addresses) -> Iterator[Block]:
    """The page: every finding, then what was sampled, and limits."""
    document = record()
    numbers = range(1, len(on_page()) + 1)
    actions = [Action(words, url) for words, url in navigation("findings", links).items()]
    actions += [Action("The paper, claim by claim", links.url("paper"))]
    yield Head("Findings", document["lede"], actions=actions)
    for number, one in enumerate(on_page(), start=1):
        yield Finding(
            id=f"finding-{number}",
            number=number,
            headline=one["title"] if broken(one) else one["headline"],
            sentence="" if broken(one) else one["sentence"],
            lines={} if broken(one) else one["lines"],
            charts=[_notice(one)] if broken(one) else charts_of(one),
            chapter=chapter_url(one["key"], links),
            title=one["title"],
        )
    yield Samples(samples=document["samples"], numbers=numbers, limits=document["limits"])
    chapters = (f"[{one['title']}]({chapter_url(one['key'], links)})" for one in further())
    yield Section("Further chapters")
    yield Prose(" · ".join(chapters), glossary=False)
    wrong = [problem for one in on_page() if (problem := broken(one))]
    yield Section("Data")
    yield Prose(
        f"Each number is computed from one table a study, to which its chapter leads, by the code of commit "
        f"`{manifest()['commit']:.12}`." + (f" Not computed here: {'; '.join(wrong)}." if wrong else ""),
        glossary=False,
    )


def chapter_blocks(links: Addresses, chapter: str) -> Iterator[Block]:
    """Page of a chapter.

    Raises:
        NotFound: there is none.
    """
    for one in record()["chapters"]:
        if one["key"] == chapter:
            yield Head(one["title"], actions=[Action("All findings", links.url("findings"))])
            yield Prose(_elsewhere(one["text"], links), glossary=False, id="chapter")
            return
    one = finding_of(chapter, links)
    yield Head(
        one["title"], "" if broken(one) else one["sentence"], actions=[Action("All findings", links.url("findings"))]
    )
    if broken(one):
        yield _notice(one)
    else:
        text = one["chapter"]
        yield Columns([[chart] for chart in charts_of(one)])
        yield Prose(lines_of(one), glossary=False)
        method = [Section("Method"), Prose(_elsewhere(text["method"], links), glossary=False)]
        limits = [Section("Limits"), Prose(_elsewhere(text["not_shown"], links), glossary=False)]
        yield Columns([method, limits])
        yield Section("Table", text["table"])
        yield Table.plain(["", *text["head"][1:]] if text["head"][0] else ["of", *text["head"][1:]], text["rows"])
    yield Section("Data")
    lines = [_data_line(slug, links) for slug in one["studies"]]
    if not broken(one):
        files = (f"[{form.upper()}]({links.url('findings', chapter)}/{FIGURE}.{form})" for form in _FORMS)
        lines.append(f"The first chart as a file: {', '.join(files)}")
    yield Prose("\n".join(f"- {line}" for line in lines), glossary=False)


def chapter_url(key: str, links: Addresses) -> str:
    """Address of the chapter of a finding; that of reported results is the page of the paper."""
    return links.url("paper") if key == REPORTED else links.url("findings", key)


def finding_of(key: str, links: Addresses) -> dict[str, Any]:
    """The finding of a chapter.

    Raises:
        NotFound: there is none.
    """
    for one in record()["findings"]:
        if one["key"] == key:
            return dict(one)
    cause, cure = "there is none", "choose one of the chapters there"
    raise NotFound(f"chapter {key[:60]!r}", cause, cure, "chapter", links.url("findings"), "all findings")


def drawing_of(key: str, name: str, links: Addresses) -> Markup:
    """A figure of a chapter, for a file.

    Raises:
        NotFound: there is none.
    """
    one = finding_of(key, links)
    shown = None if broken(one) else charts().get(key, {}).get(name)
    if shown is None:
        cause, cure = "there is none", "choose one of the figures there"
        raise NotFound(f"figure {name[:60]!r}", cause, cure, "figure", links.url("findings", key), "its chapter")
    return draw(shown.chart, FILE_WIDTH)


def findings_of(slug: str, digest: str, links: Addresses) -> list[str]:
    """The sentences that were found with a study's design, each as a line of Markdown; none for other studies.

    Args:
        slug: of the study.
        digest: of its design. A study of the same slug that asks something else has no finding here.
        links: of the chapters.
    """
    return [
        f"[{one['sentence']}]({chapter_url(one['key'], links)})"
        for one in record()["findings"]
        if not broken(one) and one["studies"].get(slug, {}).get("design") == digest
    ]


# --- rows


def data_path(slug: str, links: Addresses) -> Path:
    """Path of a study's rows.

    Raises:
        NotFound: there are none.
    """
    if slug not in manifest()["tables"] or not _hash(slug):
        cause, cure = "there are none", "choose one of a chapter"
        raise NotFound(f"rows of {slug[:60]!r}", cause, cure, "data", links.url("findings"), "all findings")
    return FOLDER / f"{slug}.parquet"


def csv_of(path: Path, *, packed: bool) -> bytes:
    """A file of rows as comma-separated values, by gzip if ``packed``."""
    with TemporaryDirectory() as folder:
        made = Path(folder) / "rows.csv"
        options = f"FORMAT csv, HEADER, COMPRESSION {'gzip' if packed else 'uncompressed'}"
        ParquetTable([path]).write(made, "SELECT * FROM {rows}", options)
        return made.read_bytes()


def _data_line(slug: str, links: Addresses) -> str:
    url = links.url("findings", "data", slug)
    return f"{manifest()['tables'][slug]['title']}: {_about(slug)} ([CSV]({url}.csv), [Parquet]({url}.parquet))"


def _about(slug: str) -> str:
    described = manifest()["tables"][slug]
    design = f", design {described['design'][:12]}" if "design" in described else ""
    return f"{described['rows']:,} rows, {described['bytes'] / 1e3:,.0f} kB, sha256:{described['sha256'][:12]}…{design}"


# --- figures


def charts_of(one: Mapping[str, Any]) -> list[Block]:
    """The charts of a finding."""
    return [*charts().get(one["key"], {}).values()]


def _notice(one: Mapping[str, Any]) -> Notice:
    return Notice(f"{one['title']} cannot be computed", broken(one), _CURE, "refused")


def _elsewhere(text: str, links: Addresses) -> str:
    """Links of the documents, as links between pages."""
    text = text.replace("(../glossary.md", "(glossary.md").replace(
        "(../../plugins/studies/pluriscope_studies/bundled/findings/paper.toml)", f"({links.url('paper')})"
    )
    text = re.sub(
        r"\(\S*/([a-z-]+)\.parquet\)", lambda found: f"({links.url('findings', 'data', found[1])}.parquet)", text
    )
    keys = [one["key"] for part in ("findings", "chapters") for one in record()[part]]
    for key in keys:
        text = text.replace(f"({key}.md)", f"({chapter_url(key, links)})")
    return text
