"""Parts of the overview of a network from here."""

from typing import Final

from pluriscope.app.pages.overview.part import Part

EXPERIMENTS: Final = Part("experiments", "beside", "pluriscope_methods.pages.experiments:beside", ("formulas",))
