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

    Objects = dict[str, griffe.Object | griffe.Alias]

ROOT = Path(__file__).resolve().parent.parent
# Where each package lies. The API of the first is what __all__ names, that of the second all without an underscore.
PACKAGES = {"okx_maxloan_sdk": ".", "okx_maxloan_api": "generated"}
FACTS = "okx_maxloan_api.contract."
# Those of okx_maxloan_sdk.validation, which is not imported: what was generated may be what does not work.
ENFORCED_BASES = ("documented", "observed")


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


def public_objects(folder: Path) -> Objects:
    """Load the packages of a checkout, and return their public objects by path."""
    loader = griffe.GriffeLoader(search_paths=[folder / each for each in PACKAGES.values()], allow_inspection=False)
    sdk, api = (loader.load(package, try_relative_path=False) for package in PACKAGES)
    loader.resolve_aliases(implicit=True, external=False)
    exported = {f"{sdk.path}.{name}": sdk[str(name)] for name in sdk.exports or []}
    return {api.path: api, **{path: getattr(each, "final_target", each) for path, each in exported.items()}}


def breakages(old: Objects, new: Objects) -> Iterator[tuple[str, griffe.BreakageKind, str]]:
    """List what breaks on the way from old to new: public path, what happened to it, and to which parameter of it."""
    for path, root in old.items():
        if path not in new:
            yield path, griffe.BreakageKind.OBJECT_REMOVED, ""
            continue
        for each in griffe.find_breaking_changes(root, new[path]):
            if each.kind is griffe.BreakageKind.OBJECT_REMOVED and each.obj.name.startswith("_"):
                continue  # special methods, which griffe counts as public
            # The path of users is that of the exported name.
            below = each.obj.path.removeprefix(f"{root.path}.")
            name = each.obj.path if below == each.obj.path else f"{path}.{below}"
            subject = each.new_value or each.old_value
            yield name, each.kind, subject.name if isinstance(subject, griffe.Parameter) else ""


def constants(node: griffe.Object | griffe.Alias, path: str) -> Iterator[tuple[str, str]]:
    """List the public constants at and below an object with the source of their values."""
    if isinstance(node, griffe.Attribute):
        yield path, str(node.value)
    for name, each in node.members.items():
        if each.is_public and not each.is_alias:
            yield from constants(each, f"{path}.{name}")


def literals(value: str) -> set[object]:
    """Read the values of a `Literal[...]`."""
    nodes = ast.walk(ast.parse(value)) if value.startswith("Literal[") else ()
    return {each.value for each in nodes if isinstance(each, ast.Constant)}


def enforced_rules(value: str) -> set[str]:
    """Read which rules of an operation stop a request."""
    calls = (each for each in ast.walk(ast.parse(value)) if isinstance(each, ast.Call))
    rules = ({each.arg: each.value for each in call.keywords} for call in calls if ast.unparse(call.func) == "Rule")
    return {ast.literal_eval(each["id"]) for each in rules if ast.literal_eval(each["basis"]) in ENFORCED_BASES}


def compare(old: Objects, new: Objects) -> Report:
    """Sort the changes by what they do to a caller."""
    breaking, added, changed = set[str](), set[str](), set[str]()
    for path, kind, parameter in breakages(old, new):
        event = " is gone" if kind is griffe.BreakageKind.OBJECT_REMOVED else f": {kind.value.lower()}"
        breaking.add(f"`{path}`{event}" + (f" `{parameter}`" if parameter else ""))
    # What would be removed on the way back was added.
    for path, kind, parameter in breakages(new, old):
        if kind in {griffe.BreakageKind.OBJECT_REMOVED, griffe.BreakageKind.PARAMETER_REMOVED}:
            added.add(f"`{path}({parameter})`" if parameter else f"`{path}`")
    before, after = (
        dict(each for path, root in objects.items() for each in constants(root, path)) for objects in (old, new)
    )
    for path in before.keys() & after.keys():
        was, value = before[path], after[path]
        breaking |= {f"`{path}` no longer has {each!r}" for each in literals(was) - literals(value)}
        added |= {f"{each!r} in `{path}`" for each in literals(value) - literals(was)}
        if path.startswith(FACTS) and was != value:
            enforced_before, enforced_after = enforced_rules(was), enforced_rules(value)
            breaking |= {
                f"rule `{each}` is enforced: a request that breaks it raises `InvalidParametersError` and is not sent"
                for each in enforced_after - enforced_before
            }
            changed |= {f"rule `{each}` is no longer enforced" for each in enforced_before - enforced_after}
            changed.add(f"facts of the exchange in `{path}`")
    return Report(sorted(breaking), sorted(added), sorted(changed))


def version(folder: Path) -> str:
    """Read the version of a checkout."""
    project: str = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return project


def report(root: Path, against: str | None = None) -> str:
    """Compare a checkout with a revision, the last tag unless given, and say what that calls for."""
    try:
        revision = against or git(root, "describe", "--tags", "--abbrev=0").decode().strip()
        paths = ["pyproject.toml", *(f"{where}/{package}" for package, where in PACKAGES.items())]
        archive = git(root, "archive", revision, "--", *paths)
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(folder, filter="data")
            found, before = compare(public_objects(Path(folder)), public_objects(root)), version(Path(folder))
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
