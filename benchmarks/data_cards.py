"""The data cards of the tables that come with Pluriscope; python -m benchmarks.data_cards writes them anew."""

from __future__ import annotations

from pathlib import Path

from pluriscope.tables.data_card import CardTable, write_card
from pluriscope_bench.suite_files import SMALL, bundled, read_suite, write_suite_card
from pluriscope_studies.pages.findings import FOLDER, manifest

ABOUT = "What searches of some 15,000 small networks counted. What follows from it: docs/findings.md of Pluriscope."


def write_findings_card(folder: Path) -> None:
    """Write the card of the findings' tables to their folder."""
    described = manifest()
    tables = {
        slug: CardTable(
            f"{slug}.parquet",
            {**described["columns"], **one.get("meaning", {})},
            one["title"] if one["title"].endswith("?") else f"{one['title']}.",
        )
        for slug, one in described["tables"].items()
    }
    write_card(folder, "Pluriscope: findings", ABOUT, tables, described["license"])


if __name__ == "__main__":
    write_findings_card(FOLDER)
    for half in (SMALL, "public"):
        suite = read_suite(bundled(half))
        write_suite_card(suite.folder, suite.manifest)
