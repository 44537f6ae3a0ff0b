import re

import pytest

from app.db.engine import open_store
from app.db.studies import save_results
from app.offline.errors import CannotExport
from app.offline.planning import Wish
from app.offline.site import write_site
from app.settings import Settings
from tests.study_factories import results

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path):
    chosen = Settings(data=tmp_path / "data")
    store = open_store(chosen)
    store.migrate()
    with store.write() as session:
        save_results(session, results())
    store.close()
    return chosen


def test_a_study_is_copied_with_its_figures_networks_and_data(settings, tmp_path):
    target = tmp_path / "copy"
    write_site(settings, Wish((), studies=("xor-width",)), target)
    front = (target / "index.html").read_text()
    assert 'href="studies/xor-width.html"' in front
    page = (target / "studies" / "xor-width.html").read_text()
    for link in re.findall(r'href="([^"#:?]+\.(?:html|csv|json|svg))"', page):
        assert (target / "studies" / link).resolve().exists(), link
    assert (target / "studies" / "xor-width" / "figures" / "circuits-valid.svg").exists()
    assert (target / "api" / "v2" / "studies" / "xor-width" / "data.csv").read_text().count("\n") == 15


def test_a_study_that_is_not_stored_cannot_be_copied(settings, tmp_path):
    with pytest.raises(CannotExport, match="is not stored here"):
        write_site(settings, Wish((), studies=("nowhere",)), tmp_path / "copy")
