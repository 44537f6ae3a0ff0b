"""Parts of the overview of a network about edits."""

from typing import Final

from pluriscope.app.pages.overview.part import Part

EDIT: Final = Part("edit", "share", "pluriscope_edits.ways:editing", ("edits",))
