"""Environment of child processes whose modules or time are measured."""

import os


def clean_env() -> dict[str, str]:
    """Return the environment without coverage's variables, which add modules and time to a child process."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
