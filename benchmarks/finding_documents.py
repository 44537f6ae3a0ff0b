"""The documents of the findings, which say what the record and the charts say.

python -m benchmarks.finding_documents
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.chapters import Lines, markdown
from benchmarks.lines import ROOT
from pluriscope_studies.pages.findings import FOLDER, REPORTED, charts, further, manifest, on_page, record

DOCS: Final = ROOT / "docs"
_MARKS: Final = {"trained": "●", "drawn": "○"}


def figures(key: str, folder: str, *, beside: bool | None = None) -> Iterator[str]:
    """The charts of a finding with their captions: those beside it, those of its chapter alone, or all."""
    for name, shown in charts().get(key, {}).items():
        if beside is None or name.startswith("figure") == beside:
            file = key if name == "figure" else f"{key}-{name}"
            yield f"![{shown.chart.title}.]({folder}{file}.svg)\n\n*{shown.caption}*"


def chapter(one: Mapping[str, Any]) -> str:
    """The document of a finding's chapter."""
    text, data = one["chapter"], []
    for slug, of in one["studies"].items():
        path, rows = f"{slug}.parquet", manifest()["tables"][slug]["rows"]
        line = (
            f"- [{path}](../../plugins/studies/pluriscope_studies/bundled/findings/{path}), {rows:,} rows, {of['rows']}"
        )
        data.append(f"{line}, design `{of['design'][:12]}`" if of["design"] else line)
    parts = [
        *(f"# {one['title']}", one["sentence"], "## Method", text["method"], "## Charts", *figures(one["key"], "")),
        *("## Table", text["table"], markdown([text["head"], *text["rows"]], 1)),
        *("## What it does not show", text["not_shown"], "## Data", "\n".join(data)),
    ]
    return "\n\n".join(parts) + "\n"


def samples() -> Lines:
    """Table of what was sampled, and which findings rest on it."""
    numbers = [str(at) for at in range(1, len(on_page()) + 1)]
    rows = [
        [one["networks"], one["converged"], *(_MARKS.get(one["in"].get(at, ""), "") for at in numbers)]
        for one in record()["samples"]
    ]
    return [["networks", "converged", *numbers], *rows]


def lead(one: Mapping[str, Any], more: str = "") -> str:
    """The link to a chapter from the document of all findings."""
    if one["key"] == REPORTED:
        return f"[The paper, claim by claim](../{FOLDER.relative_to(ROOT)}/paper.toml), as the page `/paper` shows it"
    return f"[{one['title']}{more}](findings/{one['key']}.md)"


def overview(rest: str) -> str:
    """The document of all findings.

    Args:
        rest: what follows on the last chapter's name.
    """
    parts = ["# Findings", record()["lede"]]
    for number, one in enumerate(on_page(), start=1):
        lines = "\n".join(f"- **{name}**: {line}" for name, line in one["lines"].items())
        leads = lead(one, ": method, table and data")
        shown = figures(one["key"], "findings/", beside=True)
        parts += [f"## {number}. {one['headline']}", one["sentence"], *shown, lines, leads]
    parts += [
        "## What was sampled, and what is shared",
        markdown(samples(), 1),
        "Filled: trained or built. Open: drawn at random.",
    ]
    parts += ["## Limits", "\n".join(f"- {limit}" for limit in record()["limits"]), "## Further chapters"]
    parts += ["\n".join(f"- {lead(one)}" for one in further())]
    return "\n\n".join(parts) + rest


def documents() -> dict[Path, str]:
    """Text of each document."""
    path = DOCS / "findings.md"
    _, head, data = path.read_text().partition("\n\n## Data and code\n")
    found = {path: overview(head + data)}
    found |= {DOCS / "findings" / f"{one['key']}.md": chapter(one) for one in record()["findings"] if "chapter" in one}
    for one in record()["chapters"]:
        found[DOCS / "findings" / f"{one['key']}.md"] = f"# {one['title']}\n\n{one['text']}\n"
    return found


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text)
