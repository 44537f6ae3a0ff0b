"""Tests that what most starts do not use is not loaded: memory and half a second of every process."""

import os
import subprocess
import sys

import pytest

from pluriscope.app.bundled import __file__ as bundled
from pluriscope.app.db.engine import open_store
from pluriscope.app.settings import Settings
from pluriscope.resources import PREFIX
from tests.checkout import ROOT

SERVING = """
from pluriscope.app.db.engine import open_store
from pluriscope.app.main import create_app, settle
from pluriscope.resources import PREFIX
from pluriscope.app.settings import Settings
open_store(Settings()).migrate()
settle(create_app(Settings()))
"""
ANALYSING = f"""
from pluriscope.app.cli.commands import run
run(["analyse", {bundled.replace("__init__.py", "xor-2-2-2.json")!r}, "--output", "result.json"])
"""
HEAVY = ("alembic", "mako", "pygments", "scipy.optimize", "scipy.special", "scipy.stats", "torch", "typst")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "more"),
    [(SERVING, ()), (ANALYSING, ("http.client", "sqlalchemy", "fastapi", "scipy", "asyncio", "pydantic_settings"))],
)
def test_what_most_starts_have_no_use_for_is_not_loaded(tmp_path, code, more):
    store = open_store(Settings(data=tmp_path))
    store.migrate()  # only a store that is older than the program needs what migrates it
    store.close()
    answer = f"import sys; print([name for name in {(*HEAVY, *more)} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code + answer],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        | {"PYTHONPATH": str(ROOT)}
        | ({f"{PREFIX}DATA": str(tmp_path)} if code == SERVING else {}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
