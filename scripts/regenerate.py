"""Regenerate generated/okx_maxloan_api from spec/openapi.yaml.

`--check` writes nothing: it shows how the committed tree differs from a fresh one and exits 1 if it does. After a
change it says how the public API changed, and which version that calls for.
"""

from __future__ import annotations

import argparse
import difflib
import json
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from codegen import contract
from codegen.allowed_code import code_faults
from codegen.spec_for_generator import derive
from codegen.validate import contradictions, faults
from openapi_python_client import generate as generate_client
from openapi_python_client.config import Config, ConfigFile, MetaType
from ruamel.yaml import YAML

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGE = "okx_maxloan_api"
CONFIG = ConfigFile(package_name_override=PACKAGE, literal_enums=True, docstrings_on_attributes=True, post_hooks=[])
# Isolated and with named rules: the generator's default hooks rewrite code so that mypy fails.
RUFF = [
    ["check", "--fix-only", "--select", "F401,F811,I,UP"],
    ["format"],
]
RUFF_OPTIONS = ["--quiet", "--isolated", "--no-cache", "--target-version", "py311", "--line-length", "120"]


def fail(message: str) -> None:
    """Stop with one message."""
    raise SystemExit(f"regenerate: {message}")


def load(root: Path) -> dict[str, Any]:
    """Read the spec and refuse a faulty one, with all its faults."""
    spec: dict[str, Any] = YAML(typ="safe").load(root / "spec" / "openapi.yaml")
    if found := faults(spec, root / "spec" / "extensions.schema.json"):
        fail("spec/openapi.yaml is not valid; nothing was generated\n  " + "\n  ".join(found))
    if found := contradictions(spec):
        fail("spec/openapi.yaml contradicts itself; nothing was generated\n  " + "\n  ".join(found))
    return spec


def generate(spec: dict[str, Any], folder: Path) -> Path:
    """Generate the package into an empty folder."""
    document, out = folder / "openapi.json", folder / PACKAGE
    document.write_text(json.dumps(derive(spec), ensure_ascii=False), encoding="utf-8")
    config = Config.from_sources(CONFIG, MetaType.NONE, document, "utf-8", overwrite=False, output_path=out)
    with redirect_stdout(None):  # it names the folder
        errors = generate_client(config=config, custom_template_path=HERE / "codegen" / "templates")
    if errors:
        fail("the generator failed\n" + "\n".join(f"{each.header} {each.detail}" for each in errors))
    (out / "contract.py").write_text(contract.source(spec), encoding="utf-8")
    (out / "open_questions.py").write_text(contract.questions_source(spec), encoding="utf-8")
    (out / "rows.py").write_text(contract.rows_source(spec), encoding="utf-8")
    (out / "py.typed").touch()
    for command in RUFF:
        if subprocess.run([sys.executable, "-m", "ruff", *command, *RUFF_OPTIONS, out], check=False).returncode:
            fail(f"ruff {command[0]} failed; nothing was written")
    if found := code_faults(out):
        fail("the generated code has what no template makes; nothing was written\n  " + "\n  ".join(found))
    return out


def files(tree: Path) -> dict[str, list[str]]:
    """Read every file of a generated tree as lines."""
    found = (path for path in sorted(tree.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(tree).as_posix(): path.read_text("utf-8").splitlines(keepends=True) for path in found}


def difference(old: Path, new: Path) -> str:
    """Show how two trees differ, as one unified diff."""
    before, after = files(old), files(new)
    lines = (
        difflib.unified_diff(
            before.get(name, []),
            after.get(name, []),
            f"{PACKAGE}/{name}" if name in before else "/dev/null",
            f"{PACKAGE}/{name}" if name in after else "/dev/null",
        )
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )
    return "".join("".join(each) or "an empty file came or went\n" for each in lines)


def swap(old: Path, new: Path, aside: Path) -> None:
    """Put the new tree in the old one's place; the old one comes back if that fails."""
    if old.exists():
        old.rename(aside)
    try:
        new.rename(old)
    except OSError:
        if aside.exists():
            aside.rename(old)
        raise


def main() -> None:
    """Regenerate, or check."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 and show the diff if the tree is stale"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to work on")
    parser.add_argument(
        "--against", metavar="REVISION", help="compare the public API with it; the last tag unless given"
    )
    options = parser.parse_args()
    target: Path = options.root / "generated" / PACKAGE
    spec = load(options.root)
    target.parent.mkdir(exist_ok=True)
    # Beside the target, so that the swap is a rename on one file system.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as folder:
        fresh = generate(spec, Path(folder))
        changes = difference(target, fresh)
        if options.check and changes:
            print(changes)
            fail("generated/ is not what the spec says; edit spec/openapi.yaml and run `make regenerate`")
        if changes and not options.check:
            swap(target, fresh, Path(folder) / "old")
    print("generated/ is up to date" if not changes else "generated/ was regenerated")
    if options.against or (changes and not options.check):
        from api_change import report  # noqa: PLC0415 -- a check does not pay for reading the whole API

        print(report(options.root, options.against))


if __name__ == "__main__":
    main()
