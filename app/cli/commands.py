"""The command tree and the entry point."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Annotated

import typer

from analysis import ENGINE_VERSION
from analysis.errors import AnalysisError, BeyondLimits, Cancelled
from app.cli.analyse import analyse
from app.cli.ask import ask
from app.cli.audit import audit
from app.cli.check import check
from app.cli.count import count
from app.cli.models import train_model
from app.cli.plant import plant
from app.cli.removed import what_became
from app.cli.serve_and_work import serve_and_work
from app.cli.server import serve, work
from app.cli.store import export, import_
from app.cli.study import study
from app.cli.terminal import BAD_INPUT, INTERRUPTED, STOPPED, TROUBLE, Refusal, complain
from app.cli.token import token
from app.cli.train import train
from app.cli.upkeep import backup, restore
from app.cli.verify import verify
from app.garbage import collect_garbage_seldom

app = typer.Typer(
    name="pluriscope",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Every valid explanation of one small network, side by side.\n\nWithout a command: serve the dashboard, and "
    "run one worker beside it, until Ctrl-C.",
    epilog="Exit codes: 0 done · 1 trouble with this machine · 2 bad input · 3 stopped at a limit · 130 interrupted",
)
app.command(rich_help_panel="Engine alone: no server, no database")(analyse)
app.command("explain", hidden=True)(analyse)
app.command(rich_help_panel="Engine alone: no server, no database")(ask)
app.command(rich_help_panel="Engine alone: no server, no database")(audit)
app.command(rich_help_panel="Engine alone: no server, no database")(train)
app.command(rich_help_panel="Engine alone: no server, no database")(plant)
app.command(rich_help_panel="Engine alone: no server, no database")(train_model)
app.command(rich_help_panel="Dashboard and its database")(serve)
app.command(rich_help_panel="Dashboard and its database")(work)
app.command("import", rich_help_panel="Dashboard and its database")(import_)
app.command(rich_help_panel="Dashboard and its database")(export)
app.command(rich_help_panel="Dashboard and its database")(verify)
app.command(rich_help_panel="Dashboard and its database")(check)
app.command(rich_help_panel="Dashboard and its database")(backup)
app.command(rich_help_panel="Dashboard and its database")(restore)

app.add_typer(count, rich_help_panel="Engine alone: no server, no database")
app.add_typer(study, rich_help_panel="Studies of many networks")
app.add_typer(token, rich_help_panel="Dashboard and its database")


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pluriscope {ENGINE_VERSION}\n")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default: 8000.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder for everything that is written. Default: PLURISCOPE_DATA, else a folder of yours."),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> int | None:
    """Every valid explanation of one small network, side by side.

    Without a command: serve the dashboard and run one worker beside it, until Ctrl-C.
    """
    if context.invoked_subcommand is None:
        return serve_and_work(port=port, data=data)
    if port is not None or data is not None:
        raise Refusal(
            f"--port and --data before {context.invoked_subcommand!r}: they are for pluriscope without a command. "
            "Give the command its own options, and the data folder as PLURISCOPE_DATA."
        )
    return None


_command_tree = cache(partial(typer.main.get_command, app))
"""Every command as click knows them, made once a process: to describe them takes longer than most of them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Bad input ends with one line on stderr and exit code 2, never with a traceback; PLURISCOPE_DEBUG=1 shows one for
    faults of the program itself.

    Raises:
        SystemExit: always, with the exit code.
    """
    collect_garbage_seldom()
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    try:
        if became := what_became(arguments):
            raise Refusal(became)
        outcome = _command_tree().main(args=arguments, prog_name="pluriscope", standalone_mode=False)
        sys.stdout.flush()
        if outcome == INTERRUPTED:  # typer has turned Ctrl-C into its exit code already
            raise KeyboardInterrupt
        return outcome if isinstance(outcome, int) else 0
    except Refusal as refusal:
        complain(str(refusal))
        return refusal.exit_code
    except (Cancelled, BeyondLimits) as error:
        complain(str(error))
        return STOPPED
    except AnalysisError as error:
        complain(str(error))
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        complain("stopped on request; nothing was written")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return TROUBLE
    except Exception as error:
        return _explain(error)


def _explain(error: Exception) -> int:
    """The exit code of any other error, told in one line."""
    usage = getattr(error, "format_message", None)  # typer's own errors, wherever its version keeps them
    if usage is not None:
        complain(f"{usage().rstrip('.')}. See pluriscope --help.")
        return BAD_INPUT
    if type(error).__module__ == "app.db.errors":  # looked up by name, so that `analyse` need not load the database
        complain(str(error))
        kinds = {kind.__name__ for kind in type(error).__mro__}
        return TROUBLE if kinds & {"StoreUnavailable", "Damaged"} else BAD_INPUT
    if type(error).__module__ == "sqlalchemy.exc" and not os.environ.get("PLURISCOPE_DEBUG"):
        from app.db.trouble import words_of

        complain(words_of(error))
        return TROUBLE
    if os.environ.get("PLURISCOPE_DEBUG"):
        raise error
    kind = type(error).__name__
    complain(f"fault in the program ({kind}: {error}); PLURISCOPE_DEBUG=1 shows where. Please report it.")
    return TROUBLE
