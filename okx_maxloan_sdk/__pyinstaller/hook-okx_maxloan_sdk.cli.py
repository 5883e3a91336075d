"""Include the subcommands, which are imported by name."""

from PyInstaller.utils.hooks import collect_submodules

hiddenimports = collect_submodules("okx_maxloan_sdk.cli")
