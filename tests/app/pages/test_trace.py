"""How much code one circuit's page passes through: what a person must read to follow it."""

import sys
from contextlib import contextmanager
from pathlib import Path

from app.pages.kinds import find_document
from pluriscope.address import Addresses
from pluriscope.templating import Place, environment, shown_at
from tests.app.pages.conftest import XOR
from tests.checkout import ROOT

MOST_FILES, MOST_FUNCTIONS = 60, 330
OURS = tuple(str(ROOT / folder) for folder in ("analysis", "app", "pluriscope"))


@contextmanager
def traced():
    """The functions of ours that are called within, with their files."""
    found = set()

    def note(frame, event, _argument):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS) and code.co_name[0] != "<":  # comprehensions are none
            found.add((code.co_filename, code.co_qualname))

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


def shown(app, ref):
    """One explanation's page without the web layer around it, all blocks rendered."""
    links = Addresses()
    with app.state.store.read() as session, shown_at(Place("", f"{XOR}/explanations/{ref}")):
        return "".join(block.html() for block in find_document(session, links, "xor", ref).blocks)


def test_one_circuit_passes_through_few_files_and_functions(app):
    environment()
    shown(app, "c-1839f")  # what is made once and kept
    with traced() as found:
        assert "A circuit of 10 edges" in shown(app, "c-081ff")
    files = {name for name, _ in found}
    assert len(files) <= MOST_FILES, sorted(Path(name).relative_to(ROOT).as_posix() for name in files)
    assert len(found) <= MOST_FUNCTIONS, len(found)
