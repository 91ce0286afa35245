"""A progress bar on the terminal, if there is one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from keras_ec.deploy.archive import StageProgress


@contextlib.contextmanager
def progress_bar(quiet: bool) -> Iterator[StageProgress | None]:
    """Shows progress on stderr while within; removes it in the end.

    Args:
        quiet: show none.

    Yields:
        What to tell the progress to; None where nothing is shown, that is where
        `quiet` or where stderr is no terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("tensors"),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        stages: dict[str, progress.TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bar.add_task(stage)
            bar.update(stages[stage], completed=done, total=total)

        yield report
