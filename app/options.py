"""Base classes of every page's model and of its options, and the options that choose an analysis."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pluriscope.addresses.naming import ExplanationRef, Scope
from pluriscope.analysis.values.by_name import ByName
from pluriscope.page_kit.templating import PART

OF_THE_READER: Final = ("theme",)
"""Options that say nothing of what a page shows."""


class PageModel(ByName):
    """Base of every page's model."""


class Link(PageModel):
    """A link with its words."""

    label: str
    url: str


class Options(BaseModel):
    """Base of every page's query options; unknown ones are refused (400)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    theme: Literal["light", "dark"] | None = Field(
        None, description="Colours of the HTML page, whatever the system says."
    )

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, values: Any) -> Any:
        """A form sends what nobody filled in as an empty text; that is the default, not a wrong value."""
        if not isinstance(values, dict):
            return values
        kept = {key: value for key, value in values.items() if key != PART or key in cls.model_fields}
        return {key: value for key, value in kept.items() if value != "" or key not in cls.model_fields}


class ScopeOptions(Options):
    """Options that choose an analysis of a network."""

    output: int = Field(0, ge=0, le=999, description="Index of the analysed output.")
    protocol: str = Field(
        "complete", max_length=64, description="Name of a protocol, or the first 12 or more digits of its digest."
    )
    data: str = Field(
        "",
        max_length=64,
        description="First 12 or more digits of a data record's digest; empty: every clean input once.",
    )

    @property
    def scope(self) -> Scope:
        return Scope(self.output, self.protocol, self.data)

    def meant(self, ref: ExplanationRef, *, on_sites: bool = False) -> ExplanationRef:
        """A reference with these options in force; ``on_sites`` of a network that no formulas are read of."""
        return ref
