"""Packages with a bug put in: one line of one module's source is replaced while it is imported."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import CodeType, ModuleType

    Layer: TypeAlias = Callable[[Any], Iterable[str]]


class Bug(NamedTuple):
    """A named bug: the module, the line, what stands there instead, and the layer of checks that must catch it."""

    name: str
    module: str
    line: str
    instead: str
    layer: str


HEAD = re.compile(r"(.+) \(([\w.]+), (\w+)\)")


def read(path: Path, package: str) -> list[Bug]:
    """Read a list of bugs: blocks of a head line, a line after `- `, and lines after `+ `."""
    bugs = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        head, *lines = [line for line in block.strip("\n").split("\n") if not line.startswith("#")] or [""]
        if found := HEAD.fullmatch(head):
            name, module, layer = found.groups()
            taken, put = ([line[2:] for line in lines if line[0] == sign] for sign in "-+")
            bugs.append(Bug(name, f"{package}.{module}", "\n".join(taken), "\n".join(put), layer))
        elif head:
            message = f"{path.name}: {head!r} is no head of a bug"
            raise ValueError(message)
    return bugs


class _Loader(SourceFileLoader):
    bug: Bug

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_source(fullname) or ""
        if source.count(self.bug.line) != 1:
            message = f"{self.bug.name}: {self.bug.line!r} stands {source.count(self.bug.line)} times in {fullname}"
            raise LookupError(message)
        return compile(source.replace(self.bug.line, self.bug.instead), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, bug: Bug) -> None:
        self.bug = bug

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.bug.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            return None
        loader = _Loader(fullname, spec.origin)
        loader.bug = self.bug
        packages = spec.submodule_search_locations
        return importlib.util.spec_from_file_location(
            fullname, spec.origin, loader=loader, submodule_search_locations=packages
        )


@contextmanager
def seeded(package: str, bug: Bug) -> Iterator[ModuleType]:
    """Import the package anew with the bug in it; afterwards everybody has the real one again."""
    parent, _, child = package.rpartition(".")
    kept = _forget(package)
    finder = _Finder(bug)
    sys.meta_path.insert(0, finder)
    try:
        module = importlib.import_module(package)
        importlib.import_module(bug.module)
        yield module
    finally:
        sys.meta_path.remove(finder)
        _forget(package)
        sys.modules.update(kept)
        if parent and package in kept:
            setattr(sys.modules[parent], child, kept[package])


def alarm(layer: Layer, broken: Any) -> str:
    """Give the first complaint of a layer; a package that falls over is one."""
    try:
        return next(iter(layer(broken)), "")
    except Exception as error:  # noqa: BLE001 -- whatever a bug may raise
        return f"{type(error).__name__}: {error}"


def report(package: str, bugs: Sequence[Bug], layers: Mapping[str, Layer]) -> None:
    """Print which layers notice each bug."""
    for bug in bugs:
        with seeded(package, bug) as broken:
            print(f"{bug.name}: {', '.join(name for name, layer in layers.items() if alarm(layer, broken))}")  # noqa: T201 -- a report


def _forget(package: str) -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == package or name.startswith(f"{package}.")]
    return {name: sys.modules.pop(name) for name in names}
