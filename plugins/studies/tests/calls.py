"""What tests of all kinds, addresses and commands are given of studies."""

import json

from plugins.studies.tests.stored_studies import store_study
from plugins.studies.tests.study_factories import design, rows, settings
from pluriscope.library.models import read_content
from pluriscope_studies.routes import studies as routes
from pluriscope_studies.seeding import add_bundled_studies

CALLS = {"studies": lambda one: read_content(json.dumps(one.model).encode(), needs="studies")}
FILLED_IN = {"file": design().model_dump_json()}
WORDS = {"study": ["xor-width", "nothing"], "digest": [rows()[0]["network"], "0" * 64, "nothing"]}
STORED, SEEDED = store_study, add_bundled_studies
DESIGN = design().model_dump(mode="json")
SENT = [("/api/v2/studies", {"json": {"design": DESIGN}}), ("/studies/new", {"data": {"design": json.dumps(DESIGN)}})]
READ = [(routes, "sent_design"), (routes, "design_from_mapping")]


def prepare(folder, _patch):
    """A small design in a file."""
    one = {"slug": "alice-or-bob", "hidden": [[2, 2]], "seeds": {"first": 0, "count": 1}, "protocols": ["paper"]}
    none = {"comparisons": [], "ladders": [], "references": [], "measures": ["circuits-valid"]}
    (folder / "study.json").write_text(json.dumps(settings(**one, **none)))


PREPARED = prepare
