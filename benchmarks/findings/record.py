"""What a finding is, and the one record from which the page, its chapters and docs/findings.md follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.figures.standalone import standalone_svg
from benchmarks.findings.asked import answered
from benchmarks.findings.charts import Figure
from benchmarks.findings.rows import DATA, Unusable, described

RECORD: Final = DATA / "findings.json"
DOCS: Final = DATA.parents[2] / "docs"
CHAPTERS: Final = Path(__file__).parent / "chapters"
MOST_WORDS: Final = 30
"""Of the sentence of a finding."""


@dataclass(frozen=True)
class Chapter:
    """What stands behind a finding.

    Args:
        words: its Markdown: how it was found, and what it does not show.
        figure: one that is not the finding's; None where one is enough.
        table: what the table is of.
        head, rows: the table; the first cell of each row says what it is of.
    """

    words: Mapping[str, str]
    figure: Figure | None
    table: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Finding:
    """One sentence with its evidence.

    Args:
        key: its address.
        title: of its chapter.
        studies: whose rows it is computed from.
        sentence: at most thirty words, nothing in brackets.
        n, null, interval, overturned: how many networks, compared with what, how sure, and what would overturn it.
        figure: its only one.
        chapter: what stands behind it.

    Raises:
        ValueError: the sentence is too long, or has a bracket.
    """

    key: str
    title: str
    studies: Sequence[str]
    sentence: str
    n: str
    null: str
    interval: str
    overturned: str
    figure: Figure
    chapter: Chapter

    def __post_init__(self) -> None:
        if len(self.sentence.split()) > MOST_WORDS or "(" in self.sentence:
            raise ValueError(f"{self.key}: a sentence has at most {MOST_WORDS} words and no bracket")


def prose(key: str, **numbers: object) -> dict[str, str]:
    """The words of a chapter from ``chapters/KEY.md``, its numbers put in.

    Raises:
        KeyError: the words need a number that is not given.
    """
    method, _, not_shown = text_of(key, **numbers).partition("\n## What it does not show\n")
    return {"method": method.strip(), "not_shown": not_shown.strip()}


def text_of(key: str, **numbers: object) -> str:
    """The text of ``chapters/KEY.md``, its numbers put in."""
    return answered((CHAPTERS / f"{key}.md").read_text()).format_map(numbers)


def as_json(finding: Finding) -> dict[str, Any]:
    """A finding as the record holds it."""
    chapter = finding.chapter
    return {
        "key": finding.key,
        "title": finding.title,
        "studies": {slug: _digests(slug) for slug in finding.studies},
        "sentence": finding.sentence,
        "lines": {
            "n": finding.n,
            "null": finding.null,
            "interval": finding.interval,
            "overturned by": finding.overturned,
        },
        "figure": _figure(finding.figure),
        "chapter": {
            **chapter.words,
            "figure": None if chapter.figure is None else _figure(chapter.figure),
            "table": chapter.table,
            "head": list(chapter.head),
            "rows": [list(row) for row in chapter.rows],
        },
    }


def broken_json(key: str, title: str, studies: Sequence[str], problem: Unusable) -> dict[str, Any]:
    """What is said of a finding whose numbers cannot be computed."""
    return {"key": key, "title": title, "studies": dict.fromkeys(studies), "broken": str(problem)}


def _figure(figure: Figure) -> dict[str, str]:
    wide, phone = figure.drawn(True), figure.drawn(False)
    return {"sentence": figure.sentence, "caption": figure.caption, "wide": str(wide), "phone": str(phone)}


def _digests(slug: str) -> dict[str, str]:
    return {"rows": described(slug)["hash"], "design": described(slug)["design"]}


# --- docs


def write_documents(record: dict[str, Any]) -> None:
    """docs/findings.md and its chapters, with the figures as files."""
    folder = DOCS / "findings"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    text = ["# Findings", record["lede"], "## What was sampled, and what is shared", _samples(record)]
    text += ["## Limits", "\n".join(f"- {one}" for one in record["limits"]), record["marks"]]
    for number, one in enumerate(record["findings"], start=1):
        if "broken" in one:
            text += [f"## {number}. {one['title']}", f"Cannot be computed: {one['broken']}."]
            continue
        text += [f"## {number}. {one['sentence']}", _drawn(one["figure"], folder / f"{one['key']}.svg", "findings/")]
        text += [f"*{one['figure']['caption']}*" if one["figure"]["caption"] else ""]
        text += ["\n".join(f"- **{name}**: {said}" for name, said in one["lines"].items())]
        text += [f"[{one['title']}: method, table and data](findings/{one['key']}.md)"]
        (folder / f"{one['key']}.md").write_text(chapter_text(one, folder))
    text += ["## Further chapters"]
    text += ["\n".join(f"- [{one['title']}](findings/{one['key']}.md)" for one in record["chapters"])]
    for one in record["chapters"]:
        words = one["text"].strip().replace("](glossary.md", "](../glossary.md")
        (folder / f"{one['key']}.md").write_text(f"# {one['title']}\n\n{words}\n")
    (DOCS / "findings.md").write_text("\n\n".join(part for part in text if part) + "\n")


def chapter_text(one: dict[str, Any], folder: Path) -> str:
    """One chapter as Markdown."""
    chapter = one["chapter"]
    text = [f"# {one['title']}", one["sentence"], "## Method", chapter["method"]]
    if chapter["figure"]:
        text += ["## Figure", _drawn(chapter["figure"], folder / f"{one['key']}-more.svg", "")]
        text += [chapter["figure"]["caption"]]
    text += ["## Table", chapter["table"], table_text(chapter["head"], chapter["rows"])]
    text += ["## What it does not show", chapter["not_shown"], "## Data"]
    said = [f"- [{slug}.csv](../../app/bundled/findings/{slug}.csv.gz), {_about(slug)}" for slug in one["studies"]]
    return "\n\n".join([*text, "\n".join(said)]) + "\n"


def table_text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as Markdown."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " --: |" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _about(slug: str) -> str:
    told = described(slug)
    design = f", design `{told['design'][:12]}`" if told["design"] else ""
    return f"{told['rows']:,} rows, {told['hash']}{design}"


def _drawn(figure: dict[str, str], path: Path, prefix: str) -> str:
    path.write_text(standalone_svg(figure["wide"]))
    return f"![{figure['sentence']}]({prefix}{path.name})"


def _samples(record: dict[str, Any]) -> str:
    numbers = [str(number) for number in range(1, len(record["findings"]) + 1)]
    signs = {"trained": "●", "drawn": "○"}
    rows = [
        [one["networks"], one["converged"], *(signs.get(one["in"].get(number, ""), "") for number in numbers)]
        for one in record["samples"]
    ]
    return table_text(["networks", "converged", *numbers], rows)
