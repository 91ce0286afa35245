"""Arguments, errors and exit codes of the command `keras-ec`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence

import keras_ec
from keras_ec.cli import commands

FAILED, USAGE, INTERRUPTED = 1, 2, 130

_EPILOG = f"""\
exit codes:
  0  done
  {FAILED}  failed: a file is damaged, differs, exists already, or cannot be read or written
  {USAGE}  wrong usage
"""

_EXAMPLES = {
    "compress": """\
examples:
  keras-ec compress model.tflite                writes model.ecz
  keras-ec compress model.tflite -o small.ecz
  keras-ec compress - < model.tflite > model.ecz
""",
    "decompress": """\
examples:
  keras-ec decompress model.ecz                 writes model.tflite
  keras-ec decompress model.ecz -o copy.tflite --force
  keras-ec decompress - < model.ecz > model.tflite
""",
    "inspect": """\
examples:
  keras-ec inspect model.ecz                    what each tensor takes
  keras-ec inspect model.tflite                 what it would take
  keras-ec inspect model.ecz --json
""",
    "verify": """\
examples:
  keras-ec verify model.ecz                     decodes it
  keras-ec verify model.ecz model.tflite        and compares
""",
}


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="keras-ec",
        description="Lossless, range-coded archives (.ecz) of .tflite files.",
        epilog=_EPILOG,
        formatter_class=plain,
    )
    version = f"%(prog)s {keras_ec.__version__}"
    parser.add_argument("--version", action="version", version=version)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")

    def add(run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        name = run.__name__
        sub = subparsers.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=_EXAMPLES[name],
            formatter_class=plain,
        )
        sub.set_defaults(run=run)
        return sub

    compress = add(commands.compress, "compress a .tflite file losslessly into an .ecz file")
    compress.add_argument("file", help="a .tflite file, or - for standard input")
    decompress = add(commands.decompress, "restore the .tflite file from an .ecz file")
    decompress.add_argument("file", help="an .ecz file, or - for standard input")
    for sub, extension in ((compress, ".ecz"), (decompress, ".tflite")):
        text = f"target, or - for standard output; FILE with {extension} if not given"
        sub.add_argument("-o", "--output", metavar="TARGET", help=text)
        sub.add_argument("-f", "--force", action="store_true", help="replace an existing target")
    inspect = add(commands.inspect, "show what each tensor of an .ecz or .tflite file takes")
    inspect.add_argument("file", help="an .ecz or .tflite file, or - for standard input")
    inspect.add_argument("--json", action="store_true", help="print JSON instead of a table")
    verify = add(commands.verify, "check that an .ecz file decodes, and to what")
    verify.add_argument("file", help="an .ecz file, or - for standard input")
    verify.add_argument("original", nargs="?", help="the .tflite file that it should hold")
    for sub in (compress, decompress, inspect, verify):
        text = "no progress bar; no message on success"
        sub.add_argument("-q", "--quiet", action="store_true", help=text)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        arguments: those after the program's name; those of the process if None.

    Returns:
        The exit code: 0 done, 1 failed, 130 interrupted. Wrong usage leaves by
        `SystemExit(2)`.

    Example:
        >>> main(["compress", "model.tflite", "--quiet"])
        0
    """
    args = build_parser().parse_args(arguments)
    try:
        args.run(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        return _fail(_message(error, args.file), FAILED)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    return 0


def run() -> int:
    """Runs the command line as a process of its own.

    A polite kill cleans up, too. What the encoding of the output lacks is escaped, so that a
    name cannot make a failure of what is done already.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    return main()


def _message(error: BaseException, path: str) -> str:
    """One line that says what is wrong with which file."""
    if isinstance(error, MemoryError):
        text = "not enough memory"
    elif isinstance(error, OSError) and error.filename is not None:
        text, path = error.strerror or type(error).__name__, os.fsdecode(error.filename)
    else:
        text = " ".join(str(error).split())
    return text if text.startswith(path) else f"{path}: {text}"


def _fail(message: str, code: int) -> int:
    print(f"keras-ec: {message}", file=sys.stderr)
    return code
