"""Command okx-maxloan verify as `python -m okx_maxloan_sdk.verify`."""

import sys

from okx_maxloan_sdk.cli import main

if __name__ == "__main__":
    sys.exit(main(["verify", *sys.argv[1:]]))
