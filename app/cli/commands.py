"""Commands by name: reading the command line, calling the command and writing its result.

Every command is a function of its module, whose signature is its command line (:mod:`pluriscope.app.cli.signature`). It
returns a :class:`~pluriscope.app.cli.terminal.Shown`, which is written as lines, or with ``--json`` as JSON.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.errors import BeyondLimits, Cancelled, ExplainedError, nearest
from pluriscope.analysis.plugins import entries, plugins, report
from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.cli.signature import COMMON, Command, call, described, parser_of
from pluriscope.app.cli.terminal import (
    BAD_INPUT,
    DONE,
    INTERRUPTED,
    STANDARD,
    STOPPED,
    TROUBLE,
    Refusal,
    Shown,
    complain,
    write_json,
    write_text,
)
from pluriscope.processes.garbage import collect_garbage_seldom
from pluriscope.processes.memory import out_of_memory

_OWN: Final[Mapping[str, Mapping[str, str]]] = {
    "Engine alone: no server, no database": {
        "analyse": "analyse:analyse",
        "count": "count:count",
        "ask": "ask:ask",
        "compare": "ask:compare",
        "audit": "audit:audit",
        "train": "train:train",
        "train-model": "train:train_model",
    },
    "Dashboard and its database": {
        "serve": "server:serve",
        "work": "server:work",
        "import": "store:import_",
        "export": "export:export",
        "verify": "verify:verify",
        "check": "server:check",
        "backup": "upkeep:backup",
        "restore": "upkeep:restore",
    },
}
"""Each command's function below ``pluriscope.app.cli``; loaded when it is asked for, so that one waits for no other."""


def _groups() -> dict[str, dict[str, str]]:
    """The commands of the core, then those of plugins under what each plugin says of itself."""
    groups = {
        title: {name: f"pluriscope.app.cli.{path}" for name, path in group.items()} for title, group in _OWN.items()
    }
    titles = {plugin.name: plugin.summary for plugin in plugins()}
    for name, (plugin, path) in entries("commands").items():
        if any(name in group for group in groups.values()):
            report(plugin, f"commands {name!r}", "has the name of a command that is there already")
        else:
            groups.setdefault(titles[plugin], {})[name] = path
    return groups


GROUPS: Final = _groups()
COMMANDS: Final = {name: function for group in GROUPS.values() for name, function in group.items()}
OF_THE_MACHINE: Final = {"StoreUnavailable", "Damaged", "NoRoom", "NotInstalledYet"}
OTHER_NAMES: Final = {"explain": "analyse"}
ENDLESS: Final = ("serve", "work")  # they show nothing when they end
_EXIT_CODES: Final = (
    "Exit codes: 0 done · 1 trouble with this machine · 2 bad input · 3 stopped at a limit · 130 interrupted"
)


def command_of(name: str) -> Command:
    """The function of a command.

    Raises:
        Refusal: it is a plugin's, and cannot be loaded.
    """
    try:
        command: Command = function_at(COMMANDS[name])
    except Exception as error:
        if name not in entries("commands"):
            raise
        cause = f"cannot be loaded from {COMMANDS[name]} ({type(error).__name__}: {error})"
        raise Refusal(f"{name!r}: of the plugin {entries('commands')[name][0]} {cause}.") from error
    return command


def serve_both(*, port: int | None = None, data: Path | None = None, version: bool = False) -> int:
    """Every valid explanation of one small network, side by side.

    Without a command: serve the dashboard and run one worker beside it, until Ctrl-C.

    Args:
        port: Port to listen on. Default: 8000.
        data: Folder for everything that is written. Default: PLURISCOPE_DATA, else a folder of yours.
        version: Show the version and exit.
    """
    if version:
        write_text(STANDARD, f"pluriscope {ENGINE_VERSION}\n")
        return DONE
    from pluriscope.app.cli.serve_and_work import serve_and_work

    return serve_and_work(port=port, data=data)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Bad input ends with one line on stderr and exit code 2, never with a traceback; PLURISCOPE_DEBUG=1 shows one for
    faults of the program itself.

    Raises:
        SystemExit: always, with the exit code.
    """
    if sys.stderr is None:  # the shell closed it
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - until the process ends
    collect_garbage_seldom()
    code = run(list(sys.argv[1:] if arguments is None else arguments))
    gc.freeze()  # all goes with the process: nothing is to be looked through when the interpreter ends
    sys.exit(code)


def read(arguments: Sequence[str]) -> tuple[Command, dict[str, Any]]:
    """Find the command of a command line, and its arguments by name. With ``--help`` the program ends here.

    Raises:
        Refusal: no such command, or options that it does not have.
    """
    name = next((name for name in (" ".join(arguments[:2]), *arguments[:1]) if name in (*COMMANDS, *OTHER_NAMES)), "")
    rest = list(arguments[len(name.split()) :])
    if not name:
        return _without_command(rest)
    name = OTHER_NAMES.get(name, name)
    command = command_of(name)
    parser = parser_of(name, command)
    if name not in ENDLESS and not any(action.dest == "json" for action in parser._actions):
        parser.add_argument("--json", action="store_true", help=COMMON["json"])
    return command, vars(parser.parse_intermixed_args(rest))


def _without_command(arguments: list[str]) -> tuple[Command, dict[str, Any]]:
    below = [name for name in COMMANDS if arguments and name.startswith(f"{arguments[0]} ")]
    if {"--help", "-h"} & {*arguments} or (below and not arguments[1:]):
        write_text(STANDARD, overview(below))
        raise SystemExit(DONE)
    options, further = parser_of("", serve_both).parse_known_args(arguments)
    if not further:
        return serve_both, vars(options)
    word = next((one for one in further if not one.startswith("-")), further[0])
    if word in (*COMMANDS, *OTHER_NAMES):
        raise Refusal(
            f"--port and --data before {word!r}: they are for pluriscope without a command. Give the command its own "
            "options, and the data folder as PLURISCOPE_DATA."
        )
    near = nearest(" ".join(arguments[:2]), COMMANDS) or nearest(word, COMMANDS)
    hint = f" Did you mean {near}?" if near else ""
    raise Refusal(f"{word!r}: is no command or option.{hint} See pluriscope --help.")


def overview(names: Sequence[str] = ()) -> str:
    """All commands with a sentence each, or some of them."""
    lines = (
        [] if names else ["usage: pluriscope [--port PORT] [--data FOLDER] [COMMAND …]", "", described(serve_both)[0]]
    )
    for title, group in GROUPS.items():
        answer = [name for name in group if name in names or not names]
        lines += ["", title] if answer else []
        lines += [f"  {name:<14} {_first_line(name)}" for name in answer]
    return "\n".join([*lines, "", "pluriscope COMMAND --help says more of one.", _EXIT_CODES]) + "\n"


def _first_line(name: str) -> str:
    try:
        return described(command_of(name))[0].split("\n")[0]
    except Refusal as refusal:
        return str(refusal)


def run(arguments: list[str]) -> int:
    """Run one command; the exit code."""
    try:
        command, options = read(arguments)
        own = "json" in command.__annotations__  # which may be the name of a file
        as_json = options["json"] in (True, STANDARD) if own else options.pop("json", False)
        shown = call(command, options)
        if not isinstance(shown, Shown):
            return int(shown)
        if as_json and options.get("output") != STANDARD:
            write_json(STANDARD, _plain(shown.record))
        elif not as_json and shown.lines:
            write_text(STANDARD, "".join(f"{line}\n" for line in shown.lines))
        return shown.code
    except Refusal as refusal:
        complain(str(refusal))
        return refusal.exit_code
    except (Cancelled, BeyondLimits) as error:
        complain(str(error))
        return STOPPED
    except OutOfTime:  # of what has nothing to show for the time that it had
        complain("the time was up before there was an answer. --seconds gives more, where the command has it.")
        return STOPPED
    except MemoryError:
        complain(str(out_of_memory()))
        return STOPPED
    except ExplainedError as error:
        complain(str(error))
        kinds = {kind.__name__ for kind in type(error).__mro__}  # by name, so that `analyse` loads no database
        return TROUBLE if kinds & OF_THE_MACHINE else BAD_INPUT
    except SystemExit as ended:  # after --help
        return int(ended.code or DONE)
    except KeyboardInterrupt:
        complain("stopped on request")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        return TROUBLE
    except Exception as error:
        return _explain(error)


def _plain(record: Any) -> Any:
    return record.model_dump(mode="json") if hasattr(record, "model_dump") else record


def _explain(error: Exception) -> int:
    """Report any other error in one line. Returns the exit code."""
    if os.environ.get("PLURISCOPE_DEBUG"):
        raise error
    if type(error).__module__ == "sqlalchemy.exc":
        from pluriscope.app.db.trouble import words_of

        complain(words_of(error))
        return TROUBLE
    if isinstance(error, OSError) and error.strerror:
        complain(f"{str(error.filename or 'a file')!r}: cannot be read or written ({error.strerror}).")
        return TROUBLE
    kind = type(error).__name__
    complain(f"fault in the program ({kind}: {error}); PLURISCOPE_DEBUG=1 shows where. Please report it.")
    return TROUBLE
