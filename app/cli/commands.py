"""The command tree and the entry point."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from analysis import ENGINE_VERSION
from analysis.errors import AnalysisError, Cancelled
from app.cli.terminal import BAD_INPUT, STOPPED, Refusal, complain

app = typer.Typer(
    name="pluriscope",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Every valid explanation of one small network, side by side.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pluriscope {ENGINE_VERSION}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Every valid explanation of one small network, side by side."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input ends with one line on stderr and exit code 2, never with a traceback."""
    try:
        app(args=arguments)
    except Refusal as refusal:
        complain(str(refusal))
        raise SystemExit(refusal.exit_code) from None
    except Cancelled as error:
        complain(str(error))
        raise SystemExit(STOPPED) from None
    except AnalysisError as error:
        complain(str(error))
        raise SystemExit(BAD_INPUT) from None
    except KeyboardInterrupt:
        complain("stopped on request")
        raise SystemExit(130) from None
    except BrokenPipeError:
        raise SystemExit(0) from None
