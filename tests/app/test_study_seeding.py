"""Studies that come with Pluriscope are taken in once, by a process whose memory the server does not keep."""

import pytest

from app.bundled.study_seeding import add_bundled_studies, bundled_results
from app.db.engine import open_store
from app.db.reads.studies import find_study
from app.db.studies import save_results
from app.settings import Settings
from tests.study_factories import design, results

OURS = "digits-tail"


@pytest.mark.slow
def test_bundled_studies_are_taken_in_once_and_elsewhere(tmp_path, monkeypatch):
    settings = Settings(data=tmp_path)
    store = open_store(settings)
    store.migrate()
    with store.write() as session:
        for number, slug in enumerate(bundled_results()):
            if slug != OURS:  # of another design each, so that the bundled one is left out
                other = design(slug=slug, seeds={"first": 100 * number, "count": 4})
                save_results(session, results(other), origin="somebody")
    called_here = []
    monkeypatch.setattr("app.bundled.study_seeding.save_results", lambda *a, **k: called_here.append(a))

    assert add_bundled_studies(settings) == 1
    assert add_bundled_studies(settings) == 0

    assert not called_here
    with store.read() as session:
        kept = {slug: find_study(session, slug) for slug in bundled_results()}
    store.close()
    assert {slug: row.origin for slug, row in kept.items()} == {
        slug: "bundled" if slug == OURS else "somebody" for slug in kept
    }
