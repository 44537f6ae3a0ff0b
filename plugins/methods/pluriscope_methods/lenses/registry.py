"""Every lens: those that plugins bring, in the order in which pages and documents list them."""

from __future__ import annotations

from typing import Final

from pluriscope.analysis.methods.method import Registry, records
from pluriscope_methods.lenses.lens import Lens

LENSES: Final[Registry[Lens]] = Registry("lens", records("lenses"))
