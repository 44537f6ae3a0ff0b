"""The documents of the findings, which say what the record and the charts say.

python -m benchmarks.finding_documents
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.chapters import Lines, markdown
from benchmarks.lines import ROOT
from pluriscope_studies.pages.findings import FOLDER, REPORTED, charts, further, lines_of, on_page, record

DOCS: Final = ROOT / "docs"


def figures(key: str, folder: str) -> Iterator[str]:
    """The charts of a finding with their captions."""
    for name, shown in charts().get(key, {}).items():
        file = key if name == "figure" else f"{key}-{name}"
        yield f"![{shown.chart.title}.]({folder}{file}.svg)\n\n*{shown.caption}*"


def chapter(one: Mapping[str, Any]) -> str:
    """The document of a finding's chapter."""
    text, folder = one["chapter"], "../../plugins/studies/pluriscope_studies/bundled/findings"
    rows = ", ".join(f"[{slug}]({folder}/{slug}.parquet)" for slug in one["studies"])
    parts = [
        *(f"# {one['title']}", one["sentence"], lines_of(one), text["method"], *figures(one["key"], "")),
        *(text["table"], markdown([text["head"], *text["rows"]], 1)),
        *("## Limits", text["not_shown"], f"Rows: {rows}."),
    ]
    return "\n\n".join(parts) + "\n"


def samples() -> Lines:
    """Table of what was sampled, and which findings rest on it."""
    rows = [[one["networks"], one["converged"], ", ".join(sorted(one["in"])) or "–"] for one in record()["samples"]]
    return [["networks", "converged", "findings"], *rows]


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
        leads = lead(one, ": method, table and data")
        parts += [f"## {number}. {one['headline']}", leads]
    parts += ["## What was sampled, and what is shared", markdown(samples(), 1)]
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
        shown = "\n\n".join([*figures(one["key"], ""), "## Limits"])
        found[DOCS / "findings" / f"{one['key']}.md"] = f"# {one['title']}\n\n{one['text']}\n".replace(
            "## Limits", shown
        )
    return found


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text)
