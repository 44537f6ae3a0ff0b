"""Findings of the studies that come with Pluriscope: the page, its chapters, and the rows behind every mark.

All of it is one record that ``python -m benchmarks.findings`` writes from study results; nothing is computed here.
Where the rows or the design of a study are no longer those that a finding was computed from, its numbers are left out.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from itertools import islice
from sys import intern
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from pydantic import Field

from analysis.studies.design import StudyDesign
from app.addressing import Addresses
from app.errors import NotFound
from app.figures.svg.elements import twice
from app.options import PageModel
from app.recent import Recent
from pluriscope.blocks import Action, Block, Figure, Head, Notice, Prose, Section, Table
from pluriscope.frames import Coded, Frame, Part
from pluriscope.tables import MOST_VALUES, Column, Query, Selection, read_query

FOLDER: Final = resources.files("app.bundled") / "findings"
STUDIES: Final = resources.files("app.bundled") / "studies"
_ALWAYS: Final = ("key", "title", "studies")
_AT_ONCE: Final = 5_000
_FRAMES: Final = Recent[Frame](24_000_000, lambda frame: frame.n_bytes)
_FORMS: Final = ("svg", "png", "pdf")
_CURE: Final = "run `python -m benchmarks.findings`, which computes the findings anew"


@lru_cache(maxsize=1)
def record() -> dict[str, Any]:
    """What the findings are."""
    found: dict[str, Any] = json.loads((FOLDER / "findings.json").read_bytes())
    return found


class FindingRecord(PageModel):
    """One finding."""

    key: str = Field(description="Its address among the findings.")
    title: str
    sentence: str = Field("", description="What was found; empty where it cannot be computed.")
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


def findings_record() -> FindingsRecord:
    """The page as a record; drawings are files of their own."""
    told = record()
    found = []
    for one in told["findings"]:
        whole = {**one, **one.get("chapter", {})} if not broken(one) else {name: one[name] for name in _ALWAYS}
        known = {name: value for name, value in whole.items() if name in FindingRecord.model_fields}
        found.append(FindingRecord(**known | {"broken": broken(one)}))
    return FindingsRecord(samples=told["samples"], limits=told["limits"], findings=found)


@lru_cache(maxsize=1)
def described() -> dict[str, dict[str, Any]]:
    """Every study's rows as the data package describes them."""
    package = json.loads((FOLDER / "datapackage.json").read_bytes())
    return {one["name"]: one for one in package["resources"]}


def broken(one: Mapping[str, Any]) -> str:
    """What is wrong with the data of a finding; "" if its numbers are those of the data that are here."""
    if "broken" in one:
        return str(one["broken"])
    problems = (broken_study(slug, told["rows"], told["design"]) for slug, told in one["studies"].items())
    return next(filter(None, problems), "")


@lru_cache(maxsize=256)
def _hash(slug: str) -> str:
    """Of a study's rows as comma-separated values; "" if they are not here or damaged."""
    found = hashlib.sha256()
    try:
        for part in _parts(slug):
            found.update(part)
    except (OSError, EOFError):
        return ""
    return f"sha256:{found.hexdigest()}"


def _parts(slug: str) -> Iterator[bytes]:
    with (FOLDER / f"{slug}.csv.gz").open("rb") as raw, gzip.open(raw) as file:
        yield from iter(lambda: file.read(1 << 20), b"")


@lru_cache(maxsize=64)
def broken_study(slug: str, rows: str, declared: str) -> str:
    """How the data of a study differ from those that numbers were computed from; "" if they do not."""
    found, design, own = _hash(slug), STUDIES / f"{slug}.json", FOLDER / f"{slug}.design.json"
    if not found:
        return f"the rows of {slug} are not here"
    if found != rows:
        return f"the rows of {slug} are not those that the numbers were computed from"
    digest = declared
    if declared and own.is_file():
        digest = hashlib.sha256(own.read_bytes()).hexdigest()
    elif declared:
        digest = StudyDesign.model_validate_json(design.read_bytes()).digest if design.is_file() else ""
    return "" if digest == declared else f"the design of {slug} is not the one that its rows were computed with"


@dataclass(frozen=True, kw_only=True)
class Finding(Block):
    """One finding beside its figure.

    Args:
        number: its place on the page.
        sentence: what was found.
        lines: n, null, interval, overturned by.
        figure: its figure, or why there is none.
        chapter: address of its chapter.
        title: of the chapter.
        files: form, such as "SVG", with the address of a file of the figure.
    """

    number: int
    sentence: str
    lines: Mapping[str, str]
    figure: Block
    chapter: str
    title: str
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Samples(Block):
    """What was sampled, which findings rest on it, and the limits of all.

    Args:
        samples: each with its networks, how many converged and by which findings it is used, and how.
        numbers: of the findings.
        limits: sentences.
    """

    samples: list[dict[str, Any]]
    numbers: range
    limits: list[str]


def findings(links: Addresses) -> Iterator[Block]:
    """The page: what was sampled first, then every finding."""
    told = record()
    numbers = range(1, len(told["findings"]) + 1)
    yield Head("Findings", told["lede"])
    yield Samples(samples=told["samples"], numbers=numbers, limits=told["limits"])
    for number, one in enumerate(told["findings"], start=1):
        yield Finding(
            id=f"finding-{number}",
            number=number,
            sentence=one["title"] if broken(one) else one["sentence"],
            lines={} if broken(one) else one["lines"],
            figure=_drawn(one, "figure", links),
            chapter=links.findings(one["key"]),
            title=one["title"],
            files={} if broken(one) else _files(one, "figure", links),
        )
    further = (f"[{one['title']}]({links.findings(one['key'])})" for one in told["chapters"])
    yield Section("Further chapters")
    yield Prose(" · ".join(further), glossary=False)
    wrong = [problem for one in told["findings"] if (problem := broken(one))]
    yield Section("Data")
    yield Prose(
        f"Each number is computed from [one CSV a study]({links.findings('data')}): a row for each network and "
        "measure, with schema and digest." + (f" Not computed here: {'; '.join(wrong)}." if wrong else ""),
        glossary=False,
    )


def chapter_blocks(links: Addresses, chapter: str) -> Iterator[Block]:
    """One chapter.

    Raises:
        NotFound: there is none.
    """
    if chapter == "data":
        yield from _all_data(links)
        return
    for one in record()["chapters"]:
        if one["key"] == chapter:
            yield Head(one["title"], actions=[Action("All findings", links.findings())])
            yield Prose(_elsewhere(one["text"], links), glossary=False)
            return
    one = finding_of(chapter, links)
    yield Head(one["title"], "" if broken(one) else one["sentence"], actions=[Action("All findings", links.findings())])
    if broken(one):
        yield _notice(one)
    else:
        told = one["chapter"]
        yield Section("Method")
        yield Prose(_elsewhere(told["method"], links), glossary=False)
        if told["figure"]:
            yield Section("Figure")
            yield _drawn(one, "more", links)
        yield Section("Table", told["table"])
        yield Table.plain(["", *told["head"][1:]] if told["head"][0] else ["of", *told["head"][1:]], told["rows"])
        yield Section("What it does not show")
        yield Prose(_elsewhere(told["not_shown"], links), glossary=False)
    yield Section("Data")
    yield Prose("\n".join(f"- {_data_line(slug, links)}" for slug in one["studies"]), glossary=False)


def finding_of(key: str, links: Addresses) -> dict[str, Any]:
    """The finding of a chapter.

    Raises:
        NotFound: there is none.
    """
    for one in record()["findings"]:
        if one["key"] == key:
            return dict(one)
    cause, cure = "there is none", "choose one of the chapters there"
    raise NotFound(f"chapter {key[:60]!r}", cause, cure, "chapter", links.findings(), "all findings")


def drawing_of(key: str, name: str, links: Addresses) -> Markup:
    """A figure of a chapter, for a file.

    Raises:
        NotFound: there is none.
    """
    one = finding_of(key, links)
    figure = None if broken(one) else one["figure"] if name == "figure" else one["chapter"]["figure"]
    if figure is None:
        cause, cure = "there is none", "choose one of the figures there"
        raise NotFound(f"figure {name[:60]!r}", cause, cure, "figure", links.findings(key), "its chapter")
    return Markup(figure["wide"])  # noqa: S704  # drawn by us, its text escaped


def findings_of(slug: str, digest: str, links: Addresses) -> list[str]:
    """The sentences that were found with a study's design, each as a line of Markdown; none for other studies.

    Args:
        slug: of the study.
        digest: of its design. A study of the same slug that asks something else has no finding here.
        links: of the chapters.
    """
    return [
        f"[{one['sentence']}]({links.findings(one['key'])})"
        for one in record()["findings"]
        if not broken(one) and one["studies"].get(slug, {}).get("design") == digest
    ]


# --- rows


def _all_data(links: Addresses) -> Iterator[Block]:
    """Every study's rows, with what describes them."""
    yield Head("Data of the findings", "One file a study: a row for each network and measure.")
    yield Prose("\n".join(f"- {_data_line(slug, links)}" for slug in described()), glossary=False)
    columns = {field["name"]: field["description"] for one in described().values() for field in one["schema"]["fields"]}
    yield Section("Columns")
    yield Prose("\n".join(f"- `{name}`: {said}" for name, said in columns.items()), glossary=False)


@dataclass(frozen=True)
class DataRows:
    """The rows of a study's file as a list; those of stored networks lead to their pages.

    Args:
        frame: the rows.
        stored: the first digits of some networks' digests → their pages, of those that are stored here.
    """

    frame: Frame
    stored: Callable[[Sequence[str]], Mapping[str, str]]

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.frame.columns

    def select(self, query: Query, facets: bool = True) -> Selection:
        """As the frame."""
        found = self.frame.select(query, facets)
        urls = self.stored([row["network"] for row in found.rows if row["network"]])
        return replace(found, rows=tuple(replace(row, url=urls.get(row["network"], "")) for row in found.rows))


def _frame(slug: str) -> Frame:
    """The rows of a study's file, by columns: nothing is kept of a row that another one says, too."""
    with (FOLDER / f"{slug}.csv.gz").open("rb") as raw, gzip.open(raw, "rt", newline="") as file:
        lines = csv.reader(file)
        names = next(lines)
        texts: list[list[str]] = [[] for _ in names]
        while some := list(islice(lines, _AT_ONCE)):
            for column, cells in zip(texts, zip(*some, strict=True), strict=True):
                column.extend(map(intern, cells))
    coded = {name: Coded.of(column) for name, column in zip(names, texts, strict=True)}
    columns = tuple(
        Column(
            name,
            name.capitalize(),
            field["description"],
            "text",
            facet="" if name in ("network", "note") else "any",
            offered=name not in ("value", "seed"),
            first=name == names[0],
            shown=name not in ("protocol", "output"),
        )
        for field in described()[slug]["schema"]["fields"]
        if (name := field["name"])
    )
    return Frame(columns, (Part("row", "rows", len(texts[0]), {}, coded, {}, ref=lambda _: ""),))


def data_rows(
    links: Addresses, slug: str, options: Mapping[str, list[str]], stored: Callable[[Sequence[str]], Mapping[str, str]]
) -> Iterator[Block]:
    """The rows of a study's file that an address asks for.

    Args:
        slug: of the study.
        options: of the address; ``measure`` and the other columns filter.
        stored: see :class:`DataRows`.

    Raises:
        NotFound: there are no such rows.
        InvalidOption: an option that the list does not have.
    """
    check_data(slug, links)
    frame = _FRAMES.of((slug, _hash(slug)), lambda: _frame(slug))
    url, query = links.findings("data", slug), read_query(frame.columns, options)
    yield Head(described()[slug]["title"], _about(slug), actions=[Action("All findings", links.findings())])
    yield Table(DataRows(frame, stored), query, url, "row", Query(), id="rows", files={"CSV": f"{url}.csv"})
    measures = frame.parts[0].coded.get("measure", Coded.of(())).values
    if len(measures) > MOST_VALUES:  # more than the filter offers
        listed = " · ".join(f"[{one}]({url}?{urlencode({'measure': one})})" for one in measures)
        yield Prose(f"The rows of one measure: {listed}.", glossary=False)


def check_data(slug: str, links: Addresses) -> None:
    """Refuse a study without rows.

    Raises:
        NotFound: there are none.
    """
    if slug not in described() or not _hash(slug):
        cause, cure = "there are none", "choose one of the studies there"
        raise NotFound(f"rows of {slug[:60]!r}", cause, cure, "data", links.findings("data"), "all data")


def data_of(slug: str, links: Addresses, *, packed: bool) -> Iterator[bytes]:
    """A study's rows as comma-separated values, part by part.

    Args:
        packed: as they are stored, by gzip.

    Raises:
        NotFound: there are none.
    """
    check_data(slug, links)
    return iter([(FOLDER / f"{slug}.csv.gz").read_bytes()]) if packed else _parts(slug)


def _data_line(slug: str, links: Addresses) -> str:
    if slug not in described():
        return f"{slug}: no rows are here"
    url = links.findings("data", slug)
    return f"[{described()[slug]['title']}]({url}): {_about(slug)} ([CSV]({url}.csv))"


def _about(slug: str) -> str:
    told = described()[slug]
    design = f", design {told['design'][:12]}" if told["design"] else ""
    return f"{told['rows']:,} rows, {told['bytes'] / 1e3:,.0f} kB, {told['hash'][:19]}…{design}"


# --- figures


def _drawn(one: Mapping[str, Any], name: str, links: Addresses) -> Block:
    if broken(one):
        return _notice(one)
    told = one["figure"] if name == "figure" else one["chapter"]["figure"]
    wide, phone = (Markup(told[form].replace('href="/', f'href="{links.prefix}/')) for form in ("wide", "phone"))  # noqa: S704
    files = _files(one, name, links) if name == "more" else None
    return Figure(twice(wide, phone), told["caption"], files)


def _notice(one: Mapping[str, Any]) -> Notice:
    return Notice(f"{one['title']} cannot be computed", broken(one), _CURE, "refused")


def _files(one: Mapping[str, Any], name: str, links: Addresses) -> dict[str, str]:
    return {form.upper(): f"{links.findings(one['key'])}/{name}.{form}" for form in _FORMS}


def _elsewhere(text: str, links: Addresses) -> str:
    """Links between chapters, as the documents have them, as links between pages."""
    keys = [one["key"] for part in ("findings", "chapters") for one in record()[part]]
    for key in keys:
        text = text.replace(f"({key}.md)", f"({links.findings(key)})")
    return text
