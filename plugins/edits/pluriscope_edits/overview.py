"""Parts of the overview of a network about edits and other networks."""

from typing import Final

from pluriscope.app.pages.overview.part import Part

EDIT: Final = Part("edit", "share", "pluriscope_edits.ways:editing", ("edits",))
OTHERS: Final = Part(
    "edits",
    "folds",
    "pluriscope_edits.pages.others:others",
    title="Edits and other networks",
    sentence="see which explanations another network has as well",
)
