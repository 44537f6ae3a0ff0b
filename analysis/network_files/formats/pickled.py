"""Reader of pickles that finds what one describes without running it.

A pickle is a program for a machine with a stack, which names functions and calls them. Here the machine only writes
down what would be called, as :class:`Call`; nothing is imported, looked up or called. So nothing in a file can run,
and what else a file holds beside tensors (settings, a class of somebody's own) is no obstacle.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pluriscope.analysis.errors import InvalidNetwork

MAX_PICKLE: Final = 1_000_000
MAX_STEPS: Final = 200_000
_SCALARS: Final = (str, int, float, bytes, type(None))
_MARK: Final = object()


@dataclass(frozen=True)
class Named:
    """A function or class by its name."""

    name: str


@dataclass(eq=False)
class Call:
    """A call that a pickle would make, with the state that the result would then be given."""

    name: str
    arguments: tuple[Any, ...]
    state: Any = None


def described(raw: bytes, item: str, stored: Callable[[Any], Any]) -> tuple[Any, int]:
    """The value that a pickle describes, and how many bytes it has.

    Args:
        raw: begins with the pickle.
        item: what the file is called in errors.
        stored: what stands for something that is kept outside the pickle, by its description.

    Raises:
        InvalidNetwork: it is damaged or too long, or describes what no file of tensors does.
    """
    machine = _Machine(stored)
    position = 0
    try:
        for step, (code, argument, at) in enumerate(pickletools.genops(raw[:MAX_PICKLE])):
            if step > MAX_STEPS:
                raise InvalidNetwork(item, f"has more than {MAX_STEPS:,} steps in its pickle", "save the weights alone")
            position = at or 0
            machine.do(code.name, argument)
        return machine.stack[-1], position + 1
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        words = (str(error) or type(error).__name__)[:80].encode("unicode_escape").decode()
        raise InvalidNetwork(item, f"holds a damaged pickle ({words})", "save or copy it again") from None


class _Machine:
    def __init__(self, stored: Callable[[Any], Any]) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.stored = stored

    def do(self, code: str, argument: Any) -> None:
        """Carry out one instruction."""
        stack = self.stack
        # values that the instruction itself has
        if code in _CONSTANTS:
            stack.append(_CONSTANTS[code])
        elif code in _LITERALS:
            stack.append(argument)
        elif code in ("PROTO", "FRAME", "STOP"):
            pass
        elif code == "MARK":
            stack.append(_MARK)
        elif code in _EMPTY:
            stack.append(_EMPTY[code]())
        # values that occur more than once are kept by number
        elif code in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif code == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif code in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        # containers are made of what stands above them on the stack, or filled with it
        elif code in ("TUPLE1", "TUPLE2", "TUPLE3"):
            n = int(code[-1])
            stack[-n:] = [tuple(self._some(n))]
        elif code in ("TUPLE", "LIST", "DICT", "FROZENSET"):
            above = self._above()
            stack.append(_filled({}, above) if code == "DICT" else above if code == "LIST" else tuple(above))
        elif code in ("APPEND", "APPENDS", "ADDITEMS"):
            more = [stack.pop()] if code == "APPEND" else self._above()
            if isinstance(stack[-1], list):
                stack[-1].extend(more)
        elif code in ("SETITEM", "SETITEMS"):
            more = [stack.pop(-2), stack.pop()] if code == "SETITEM" else self._above()
            if isinstance(stack[-1], dict):
                _filled(stack[-1], more)
        # names of functions and calls of them are written down; nothing is imported or called
        elif code == "GLOBAL":
            stack.append(Named(argument.replace(" ", ".")))
        elif code == "STACK_GLOBAL":
            name, module = stack.pop(), stack.pop()
            stack.append(Named(f"{module:s}.{name:s}"))
        elif code in ("REDUCE", "NEWOBJ"):
            arguments, called = stack.pop(), stack.pop()
            stack.append(_called(called, arguments))
        elif code == "NEWOBJ_EX":
            _, arguments, called = stack.pop(), stack.pop(), stack.pop()
            stack.append(_called(called, arguments))
        elif code in ("INST", "OBJ"):
            above = self._above()
            called = Named(argument.replace(" ", ".")) if code == "INST" else above.pop(0)
            stack.append(_called(called, tuple(above)))
        elif code == "BUILD":
            state = stack.pop()
            if isinstance(stack[-1], Call):
                stack[-1].state = state
        # tensors lie outside the pickle; the reader of the file has what stands for them
        elif code == "BINPERSID":
            stack.append(self.stored(stack.pop()))
        elif code == "POP":
            stack.pop()
        elif code == "POP_MARK":
            self._above()
        elif code == "DUP":
            stack.append(stack[-1])
        else:
            raise ValueError(f"step {code}")

    def _some(self, n: int) -> list[Any]:
        if len(self.stack) < n:
            raise IndexError("stack underflow")
        return self.stack[-n:]

    def _above(self) -> list[Any]:
        """Take off the stack all that stands above the last mark, and the mark."""
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise IndexError("no mark")
        above = self.stack[at + 1 :]
        del self.stack[at:]
        return above


def _filled(target: dict[Any, Any], pairs: list[Any]) -> dict[Any, Any]:
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        # a tuple may hold itself a million times over, which takes for ever to hash
        target[key if isinstance(key, _SCALARS) else f"<{type(key).__name__} {len(target)}>"] = value
    return target


def _called(called: Any, arguments: Any) -> Any:
    if isinstance(called, Call) and isinstance(arguments, tuple):  # such as a method that getattr gives
        return Call(called.name, (called, *arguments))
    if not isinstance(called, Named) or not isinstance(arguments, tuple):
        raise TypeError("a call of what is no name")
    if called.name in ("collections.OrderedDict", "builtins.dict", "__builtin__.dict"):
        pairs = [one for pair in (arguments[0] if arguments else []) for one in pair]
        return _filled({}, pairs)
    return Call(called.name, arguments)


_CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: Final[dict[str, Callable[[], Any]]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": list,
}
_LITERALS: Final = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
    "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
}  # fmt: skip
