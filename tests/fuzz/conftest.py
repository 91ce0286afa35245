"""Puts the modules of this folder on the path."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
