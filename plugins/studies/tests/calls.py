"""What tests of all kinds, addresses, commands and cards of tables are given of studies."""

import json
from pathlib import Path

import pytest

from benchmarks.data_cards import write_findings_card
from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import design, rows, settings
from pluriscope.library.models import read_content
from pluriscope_studies.analysis.reading import read_design
from pluriscope_studies.analysis.rows import columns_of
from pluriscope_studies.cluster import checked_address, cluster_workers
from pluriscope_studies.pages.findings import FOLDER, manifest
from pluriscope_studies.routes import studies as routes
from pluriscope_studies.seeding import add_bundled_studies
from pluriscope_studies.table import write_part, write_study_card

CALLS = {"studies": lambda one: read_content(json.dumps(one.model).encode(), needs="studies")}
FILLED_IN = {"file": design().model_dump_json()}
WORDS = {"study": ["xor-width", "nothing"], "digest": [rows()[0]["network"], "0" * 64, "nothing"]}
STORED, SEEDED, READ_DESIGN = store_study, add_bundled_studies, read_design
CHECKED_ADDRESS, CLUSTER_WORKERS = checked_address, cluster_workers
STUDY = FOLDER.parent / "studies" / "paper-xor.parquet"
DESIGN = design().model_dump(mode="json")
SENT = [("/api/v2/studies", {"json": {"design": DESIGN}}), ("/studies/new", {"data": {"design": json.dumps(DESIGN)}})]
READ = [(routes, "sent_design"), (routes, "design_from_mapping")]


def prepare(folder, _patch):
    """A small design in a file."""
    one = {"slug": "alice-or-bob", "hidden": [[2, 2]], "seeds": {"first": 0, "count": 1}, "protocols": ["paper"]}
    none = {"comparisons": [], "ladders": [], "references": [], "measures": ["circuits-valid"]}
    (folder / "study.json").write_text(json.dumps(settings(**one, **none)))


PREPARED = prepare


def linked(path: Path, there: Path) -> Path:
    """A folder with links to the tables of another."""
    for file in there.rglob("*.parquet"):
        link = path / file.relative_to(there)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
    return path


def write_study(path: Path) -> None:
    path.mkdir()
    whole = rows()
    for number, some in enumerate((whole[:6], whole[6:])):
        write_part(path / f"{number}.parquet", some, columns_of(design()), {})
    write_study_card(path, design())


WRITERS = {
    "study": lambda path, _: write_study(path),
    "findings": lambda path, _: write_findings_card(linked(path, FOLDER)),
}
N_TABLES = {"study": 1, "findings": len(manifest()["tables"])}
MARKS = {"findings": pytest.mark.slow}
BUNDLED = {"findings": FOLDER}
FOUND = {
    "/paper": "reproduce; how to reproduce; replication",
    "/paper#question": "mechanistic interpretability; identifiability; Méloux; Meloux; Peyrard; arXiv; ICLR; "
    "2502.20914; Table 1; the paper",
    "/paper#circuits": "85; 85 circuits; Figure 2",
    "/paper#interpretations": "45,543; 45543; 535.8; 45,543 interpretations",
    "/paper#interpretations-by-width": "6,170; 197,000; 916,000; 910,000",
    "/paper#algorithms": "159; 159 mappings",
    "/paper#mappings-by-width": "3,650; 390",
    "/paper#digits": "3,209; 4,702",
    "/paper#notebook": "100,896; 42 mappings; 234,700; 7 formulas",
    "/paper#unique": "§4.1.1",
    "/paper#stricter": "predictive standard",
    "/paper#alice-and-bob": "Alice and Bob; XORNet; Bob's algorithm; Alice’s algorithm",
}
"""Where the first result of a search leads → words of the field."""
QUESTIONS = {"negative results": "/findings/small-and-negative"}
COMPRESSED = {"/api/v2/findings": True, "/findings/reported/figure.svg": True, "/findings/data/digits-tail.csv": True}
LAST_SCREEN = "/paper"
