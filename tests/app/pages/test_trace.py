"""Test of how much code one circuit's page passes through: what a person must read to follow it."""

from benchmarks.passed import passed
from pluriscope.addresses.address import Addresses
from pluriscope.app.pages.kinds import find_document
from pluriscope.page_kit.templating import Access, Place, environment, rendering
from tests.app.pages.conftest import XOR

MOST_FILES, MOST_FUNCTIONS = 53, 303
"""By itself; where other tests came before, 229 are enough on a second database, since what they computed is kept."""


def shown(app, ref):
    """Render one explanation's page without the web layer around it, all blocks."""
    links = Addresses()
    with app.state.store.read() as session, rendering(Place("", f"{XOR}/explanations/{ref}"), Access()):
        return "".join(block.html() for block in find_document(session, links, "xor", ref).blocks)


def test_one_circuit_passes_through_few_files_and_functions(app):
    environment()
    shown(app, "c-1839f")  # what is made once and kept
    with passed() as found:
        assert "Circuit without n2.1 and n2.2" in shown(app, "c-081ff")
    files = {name for name, _ in found}
    assert len(files) <= MOST_FILES, sorted(files)
    assert len(found) <= MOST_FUNCTIONS, len(found)
