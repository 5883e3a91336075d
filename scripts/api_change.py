"""How the public API changed since a revision, the version that calls for, and lines for CHANGELOG.md."""

from __future__ import annotations

import argparse
import ast
import io
import re
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import griffe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

ROOT = Path(__file__).resolve().parent.parent
# Where each package lies, and whether its API is what __all__ names or everything without an underscore.
PACKAGES = {"okx_maxloan_sdk": (".", True), "okx_maxloan_api": ("generated", False)}
FACTS = "okx_maxloan_api.contract."
# Those of okx_maxloan_sdk.validation, which is not imported: what was generated may be what does not work.
ENFORCED_BASES = ("documented", "observed")


class Surface(NamedTuple):
    """The public API: what breaks is judged on the objects, what is new on their names."""

    roots: dict[str, griffe.Object | griffe.Alias]
    names: dict[str, str]


class Report(NamedTuple):
    """What changed, by heading of the changelog."""

    breaking: list[str]
    added: list[str]
    changed: list[str]

    def bump(self, version: str) -> str:
        """Raise a version; below 1.0 the second number is for what breaks, and the third for the rest."""
        numbers = [int(each) for each in re.findall(r"\d+", version)[:3]]
        place = 0 if self.breaking else 1 if self.added else 2 if self.changed else None
        if place is None:
            return version
        if not numbers[0]:
            place = 2 if place else 1
        return ".".join(map(str, [*numbers[:place], numbers[place] + 1, *[0] * (2 - place)]))


class NoBaselineError(Exception):
    """There is nothing to compare with; the message says why."""


def git(root: Path, *arguments: str) -> bytes:
    """Return the output of git; raise `NoBaselineError` without git, or where it fails."""
    program = shutil.which("git")
    if not program:
        raise NoBaselineError("there is no git")
    done = subprocess.run([program, "-C", str(root), *arguments], capture_output=True, check=False)
    if done.returncode:
        raise NoBaselineError(done.stderr.decode(errors="replace").strip().partition("\n")[0])
    return done.stdout


def names(node: griffe.Object | griffe.Alias, path: str) -> Iterator[tuple[str, str]]:
    """List what is public below an object, inherited members and parameters too, each with the value of a constant."""
    for name, each in node.all_members.items():
        if name.startswith("_") or (isinstance(each, griffe.Alias) and not each.inherited):
            continue
        target = each.final_target if isinstance(each, griffe.Alias) else each
        yield f"{path}.{name}", str(target.value) if isinstance(target, griffe.Attribute) else ""
        if isinstance(target, griffe.Function):
            yield from ((f"{path}.{name}({parameter.name})", "") for parameter in target.parameters)
        if isinstance(target, griffe.Class | griffe.Module):
            yield from names(target, f"{path}.{name}")


def surface(folder: Path) -> Surface:
    """Read the public API of a checkout."""
    roots: dict[str, griffe.Object | griffe.Alias] = {}
    found: dict[str, str] = {}
    paths = [folder / where for where, _ in PACKAGES.values()]
    loader = griffe.GriffeLoader(search_paths=paths, allow_inspection=False)
    packages = {package: loader.load(package, try_relative_path=False) for package in PACKAGES}
    loader.resolve_aliases(implicit=True, external=False)
    for package, (_, listed) in PACKAGES.items():
        module = packages[package]
        exported = [str(each) for each in module.exports or []] if listed else [""]
        for name in exported:
            path = f"{package}.{name}" if name else package
            root = module[name] if name else module
            roots[path] = root.final_target if isinstance(root, griffe.Alias) else root
            found |= {path: "", **dict(names(roots[path], path))}
    return Surface(roots, found)


def literals(value: str) -> set[object] | None:
    """Read the values of a `Literal[...]`."""
    if not value.startswith("Literal["):
        return None
    try:
        return {*ast.literal_eval(f"({value.removeprefix('Literal[').removesuffix(']')},)")}
    except (ValueError, SyntaxError):
        return None


def enforced_rules(value: str) -> set[str]:
    """Read which rules of an operation stop a request."""
    calls = [each for each in ast.walk(ast.parse(value)) if isinstance(each, ast.Call)]
    rules = (
        {keyword.arg: ast.literal_eval(keyword.value) for keyword in each.keywords}
        for each in calls
        if isinstance(each.func, ast.Name) and each.func.id == "Rule"
    )
    return {each["id"] for each in rules if each["basis"] in ENFORCED_BASES}


IGNORED = {griffe.BreakageKind.ATTRIBUTE_CHANGED_VALUE, griffe.BreakageKind.OBJECT_REMOVED}  # seen by their names


def broken(old: Surface, new: Surface) -> Iterator[str]:
    """List what breaks callers besides what is gone."""
    for path, root in old.roots.items():
        for each in griffe.find_breaking_changes(root, new.roots[path]) if path in new.roots else ():
            if each.kind not in IGNORED:
                parameter = getattr(each.new_value or each.old_value, "name", "")
                about = f" `{parameter}`" if parameter else ""
                yield f"`{each.obj.path}`: {each.kind.value.lower()}{about}"


def highest(paths: AbstractSet[str]) -> Iterator[str]:
    """List the paths whose parents are not among them; the parent of `f(x)` is `f`."""
    parents = ((path, path.partition("(")[0] if "(" in path else path.rpartition(".")[0]) for path in paths)
    return (f"`{path}`" for path, parent in parents if parent not in paths)


def compare(old: Surface, new: Surface) -> Report:
    """Sort the changes by what they do to a caller."""
    gone = [each for each in highest(old.names.keys() - new.names.keys()) if "(" not in each]
    breaking = [*(f"{each} is gone" for each in gone), *broken(old, new)]
    added, changed = [*highest(new.names.keys() - old.names.keys())], []
    for path, value in new.names.items():
        was = old.names.get(path, value)
        before, after = literals(was), literals(value)
        if was == value:
            continue
        if before is not None and after is not None:
            breaking += [f"`{path}` no longer has {each!r}" for each in before - after]
            added += [f"{each!r} in `{path}`" for each in after - before]
        elif path.startswith(FACTS):
            enforced_before, enforced_after = enforced_rules(was), enforced_rules(value)
            breaking += [
                f"rule `{each}` is enforced: a request that breaks it raises `InvalidParametersError` and is not sent"
                for each in enforced_after - enforced_before
            ]
            changed += [f"rule `{each}` is no longer enforced" for each in enforced_before - enforced_after]
            changed.append(f"facts of the exchange in `{path}`")
    return Report(sorted({*breaking}), sorted({*added}), sorted({*changed}))


def version(folder: Path) -> str:
    """Read the version of a checkout."""
    project: str = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return project


def report(root: Path, against: str | None = None) -> str:
    """Compare a checkout with a revision, the last tag unless given, and say what that calls for."""
    try:
        revision = against or git(root, "describe", "--tags", "--abbrev=0").decode().strip()
        paths = ["pyproject.toml", *(f"{where}/{package}" for package, (where, _) in PACKAGES.items())]
        archive = git(root, "archive", revision, "--", *paths)
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(folder, filter="data")
            found, before = compare(surface(Path(folder)), surface(root)), version(Path(folder))
    except (NoBaselineError, ModuleNotFoundError, griffe.GriffeError) as reason:
        return f"public API: nothing to compare with ({reason}); name a revision with --against"
    if not any(found):
        return f"public API: as in {revision}"
    headings = {"Breaking": found.breaking, "Added": found.added, "Changed": found.changed}
    lines = [
        line for heading, each in headings.items() if each for line in (f"### {heading}", *(f"- {e}" for e in each))
    ]
    calls_for, here = found.bump(before), version(root)
    note = "pyproject.toml says so" if here == calls_for else f"pyproject.toml says {here}"
    return "\n".join([f"public API: changed since {revision}, which calls for {calls_for} ({note})", *lines])


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", metavar="REVISION", help="of git; the last tag unless given")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to work on")
    options = parser.parse_args()
    print(report(options.root, options.against))


if __name__ == "__main__":
    main()
