"""What PyInstaller has to know to freeze a program that uses the SDK; it finds this by an entry point."""


def get_hook_dirs() -> list[str]:
    """Return the folder of the hooks."""
    return list(__path__)
