"""Machine code of loops written in Python: compiled by Numba once for each kind of processor, kept, and run without it.

To load Numba takes .3 s, nearly all of it for what compiles. Functions that allocate nothing and raise nothing need
none of it when they run: LLVM alone links the object file that is kept, in some hundredths of a second, also from a
folder that cannot be written to.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import RLock
from types import FunctionType
from typing import Any, Final, TypeVar

import numpy as np

from pluriscope.analysis.errors import NotInstalledYet

_MARKED: Final = "_loops"
_SYMBOL: Final = "loop"
_LOADING: Final = RLock()
_LOADED: Final[dict[tuple[Any, ...], tuple[Any, Any]]] = {}

F = TypeVar("F", bound=Callable[..., Any])
Loop = Callable[..., int]


def loop(function: F) -> F:
    """Mark a function that is compiled where :func:`run_loop`, or a marked function of its module, calls it.

    It is given integers, floats, arrays and tuples of these by name. It allocates nothing and raises nothing.
    """
    function.__globals__.setdefault(_MARKED, []).append(function)
    return function


def run_loop(function: Loop, *arguments: Any) -> int:
    """The integer that a marked function returns; it is compiled first if nobody has for this processor.

    Raises:
        RuntimeError: the machine code raised an error, or Numba passes arguments in another way than is known here.
    """
    key = (function, *_types(arguments))
    with _LOADING:
        if key not in _LOADED:
            _LOADED[key] = _linked(_object_file(function, arguments))
    result, error = ctypes.c_int64(0), ctypes.c_void_p()
    words = [ctypes.c_double(one) if isinstance(one, float) else ctypes.c_int64(one) for one in _words(arguments)]
    if _LOADED[key][0](ctypes.byref(result), ctypes.byref(error), *words):
        raise RuntimeError(f"{function.__name__}: its machine code raised an error")
    return result.value


def is_compiled(function: Loop, *arguments: Any) -> bool:
    """Whether a marked function was compiled for this processor, for arguments of these types."""
    try:
        name = _file_name(function, arguments)
    except NotInstalledYet:
        return False
    return any((folder / name).is_file() for folder in _folders(function))


def _words(value: Any) -> Iterator[int | float]:
    """Yield the words of Numba's calling convention: of an array no owner, size, bytes of an item, address, shape,
    strides.
    """
    if isinstance(value, tuple):
        for part in value:
            yield from _words(part)
    elif isinstance(value, np.ndarray):
        yield from (0, 0, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides)
    else:
        yield value


def _types(value: Any) -> Iterator[str]:
    """Yield the types that machine code is compiled for: of each array its items and dimensions, and whether its rows
    lie in order.
    """
    if isinstance(value, tuple):
        for part in value:
            yield from _types(part)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype.str} {value.ndim} {value.flags.c_contiguous}"
    else:
        yield "float" if isinstance(value, float) else "int"


def _processor() -> tuple[str, str]:
    """Name and features of what is compiled for, where the variables of Numba name no other."""
    from llvmlite import binding

    name, features = (os.environ.get(f"NUMBA_CPU_{part}") for part in ("NAME", "FEATURES"))
    return name or binding.get_host_cpu_name(), features or ("" if name else binding.get_host_cpu_features().flatten())


@cache
def _origin(source: str) -> str:
    """A digest of all that the machine code of a module follows from beside the types."""
    processor = _processor()  # first: it says so where the packages are not there yet
    parts = (version("numba"), version("llvmlite"), sys.platform, platform.machine(), *processor)
    return hashlib.sha256("\0".join(parts).encode() + Path(source).read_bytes()).hexdigest()


def _file_name(function: Loop, arguments: tuple[Any, ...]) -> str:
    text = "\0".join((_origin(function.__code__.co_filename), *_types(arguments)))
    return f"{function.__name__}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.o"


def _folders(function: Loop) -> Iterator[Path]:
    """Yield the folders of object files: beside what Python compiles, else in the user's folder for what can be made
    again.
    """
    yield Path(function.__code__.co_filename).with_name("__pycache__")
    from platformdirs import user_cache_path

    yield user_cache_path("pluriscope", appauthor=False)


def _object_file(function: Loop, arguments: tuple[Any, ...]) -> bytes:
    """Read the object file where it is kept; else compile it, and keep it where that is possible."""
    name = _file_name(function, arguments)
    for folder in _folders(function):
        with suppress(OSError):
            return (folder / name).read_bytes()
    made = _compiled(function, arguments)
    for folder in _folders(function):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / f"{name}.{os.getpid()}"  # nobody reads a file that is half written
            part.write_bytes(made)
            part.replace(folder / name)
            break
    return made


def _target() -> Any:
    """The processor, as LLVM describes it and Numba asks for code of the same process."""
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    name, features = _processor()
    reloc = "static" if platform.machine().lower() in ("x86_64", "amd64") else "default"
    return binding.Target.from_triple(binding.get_process_triple()).create_target_machine(
        cpu=name, features=features, opt=3, reloc=reloc, codemodel="jitdefault", jit=True
    )


def _compiled(function: Loop, arguments: tuple[Any, ...]) -> bytes:
    """An object file with the function and all that it calls."""
    from llvmlite import binding
    from numba import typeof

    made, types = _numba_functions(function.__module__)[function.__name__], tuple(map(typeof, arguments))
    made.compile(types)
    module = binding.parse_assembly(made.inspect_llvm(types))
    (own,) = (one for one in module.functions if not one.is_declaration and one.linkage == binding.Linkage.external)
    if len(list(own.arguments)) != 2 + len(list(_words(arguments))):  # result, error, and what arguments pass
        raise RuntimeError(f"{function.__name__}: Numba {version('numba')} passes arguments in another way")
    own.name = _SYMBOL
    return bytes(_target().emit_object(module))


@cache
def _numba_functions(module: str) -> dict[str, Any]:
    """The names of a module, with Numba's functions instead of those that are marked."""
    from numba import njit

    # no memory of its own and no call from Python, so that nothing has to be there but the machine code
    options: dict[str, Any] = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    names = dict(vars(sys.modules[module]))
    for one in names[_MARKED]:
        names[one.__name__] = njit(**options)(FunctionType(one.__code__, names, one.__name__))
    return names


def _linked(object_file: bytes) -> tuple[Any, Any]:
    """The function of an object file, and what holds its code in memory."""
    from llvmlite import binding

    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _target())
    engine.add_object_file(binding.ObjectFileRef.from_data(object_file))
    engine.finalize_object()
    return ctypes.PYFUNCTYPE(ctypes.c_int)(engine.get_function_address(_SYMBOL)), engine
