"""A gate or variable of an explanation and its value on every input."""

from __future__ import annotations

from pydantic import Field

from app.options import PageModel


class ColumnView(PageModel):
    """One gate or variable of an explanation and its value on every input."""

    label: str
    site: str = Field(description="What carries it: neurons or a direction; empty for a variable without a place.")
    truth_table: list[int]
