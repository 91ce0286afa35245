"""Runs the command line: `python -m keras_ec`."""

import sys

from keras_ec.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
