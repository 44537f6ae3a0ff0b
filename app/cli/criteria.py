"""`pluriscope criteria`: what can be asked of explanations, as a document."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.terminal import DONE, check_writable, write_text


def criteria(
    output: Annotated[str, typer.Option("--output", "-o", help="File to write, or - for standard output.")] = "-",
) -> int:
    """Write every criterion with its definition, formula, source and parameters, in Markdown.

    Example: [bold]pluriscope criteria > docs/criteria.md[/bold]
    """
    from analysis.criteria.document import criteria_document

    check_writable(output)
    write_text(output, criteria_document())
    return DONE
