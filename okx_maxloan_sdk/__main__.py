"""Command okx-maxloan as `python -m okx_maxloan_sdk`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
