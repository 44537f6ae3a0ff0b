"""Where the files are that are no code: templates, static files, migrations, and the documents that pages show.

In a checkout they are folders beside the packages. A wheel has no such place, so the build (``setup.py``) puts them
into the package, below ``pluriscope/_resources``. Nothing else in the program looks for them by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGED: Final = Path(__file__).with_name("_resources")
_CHECKOUT: Final = Path(__file__).resolve().parent.parent

PREFIX: Final = "PLURISCOPE_"
"""Of the names of settings in the environment."""
IS_CHECKOUT: Final = not _PACKAGED.is_dir()
RESOURCES: Final = _CHECKOUT if IS_CHECKOUT else _PACKAGED

TEMPLATES: Final = RESOURCES / "templates"
STATIC: Final = RESOURCES / "static"
MIGRATIONS: Final = RESOURCES / "migrations"
DOCUMENTS: Final = RESOURCES / "docs"
SHOWN: Final = (
    DOCUMENTS / "importing.md",
    DOCUMENTS / "library.md",
    DOCUMENTS / "machine-interface.md",
    DOCUMENTS / "large-sets.md",
    DOCUMENTS / "studies.md",
    DOCUMENTS / "bench.md",
    DOCUMENTS / "offline.md",
    DOCUMENTS / "self-hosting.md",
    DOCUMENTS / "deploying.md",
    DOCUMENTS / "operations.md",
    DOCUMENTS / "numerics.md",
    DOCUMENTS / "errors.md",
    DOCUMENTS / "bibliography.md",
)
"""Documents that have a page each, in the order in which they are listed."""


def default_data_folder() -> Path:
    """Where data are kept if nobody says where: ``data`` in a checkout, else the user's own folder for such data."""
    if IS_CHECKOUT:
        return _CHECKOUT / "data"
    from platformdirs import user_data_path

    return user_data_path("pluriscope", appauthor=False)
