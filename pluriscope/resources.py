"""Paths of the files that are no code: templates, static files, migrations, and the documents that pages show.

In a checkout they are folders beside the packages. A wheel has no such place, so the build (``setup.py``) puts them
into the package, below ``pluriscope/_resources``. Nothing else in the program looks for them by itself.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

_PACKAGED: Final = Path(__file__).with_name("_resources")
_CHECKOUT: Final = Path(__file__).resolve().parent.parent

PREFIX: Final = "PLURISCOPE_"
"""Of the names of settings in the environment."""
IS_CHECKOUT: Final = not _PACKAGED.is_dir()
RESOURCES: Final = _CHECKOUT if IS_CHECKOUT else _PACKAGED

STATIC: Final = RESOURCES / "static"
MIGRATIONS: Final = RESOURCES / "migrations"
SITE: Final = RESOURCES / "site"
"""The site of the documents, where it was built (``./run docs``)."""
DOCUMENTS: Final = RESOURCES / "docs"
_SHOWN: Final = (
    DOCUMENTS / "importing.md",
    DOCUMENTS / "library.md",
    DOCUMENTS / "machine-interface.md",
    DOCUMENTS / "counts.md",
    DOCUMENTS / "self-hosting.md",
    DOCUMENTS / "numerics.md",
    DOCUMENTS / "errors.md",
    DOCUMENTS / "bibliography.md",
)


def folders(name: str) -> list[Path]:
    """Our folder of a name, then those in the packages that plugins name in the group "folders"."""
    from pluriscope.analysis.plugins import brought

    packages = (Path(module.__path__[0]) / name for module in brought("folders").values())
    return [RESOURCES / name, *(folder for folder in packages if folder.is_dir())]


@cache
def static_file(name: str) -> Path:
    """The static file of a name, ours or a plugin's.

    Raises:
        StopIteration: there is none.
    """
    return next(path for folder in folders("static") if (path := folder / name).is_file())


def documents_shown() -> list[Path]:
    """Documents that have a page each, in the order in which they are listed."""
    further = (path for folder in folders("docs")[1:] for path in sorted(folder.glob("*.md")))
    return [*_SHOWN, *(path for path in further if path.name != "glossary.md")]


def default_data_folder() -> Path:
    """Folder of data where none is set: ``data`` in a checkout, else the user's own folder for such data."""
    if IS_CHECKOUT:
        return _CHECKOUT / "data"
    from platformdirs import user_data_path

    return user_data_path("pluriscope", appauthor=False)
