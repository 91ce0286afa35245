import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def quick_start() -> str:
    return re.search(r"## Quick start.*?```python\n(.*?)```", README.read_text(), re.DOTALL)[1]


def test_the_quick_start_has_at_most_twenty_statements():
    lines = [line for line in quick_start().splitlines() if line and "import" not in line]
    assert len(lines) <= 20


def test_the_quick_start_runs_as_printed(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", quick_start()], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    tflite, archive = (tmp_path / name for name in ("model.tflite", "model.ecz"))
    assert tflite.stat().st_size > 20 * archive.stat().st_size


def leads_somewhere(source, link):
    """Whether the file of a link is there, and the heading that it names."""
    path, _, heading = link.partition("#")
    target = source.parent / path if path else source
    if not heading:
        return target.exists()
    headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
    return heading in [re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings]


DOCUMENTS = [README, README.with_name("CHANGELOG.md"), *sorted(README.parent.glob("docs/*.md"))]


@pytest.mark.parametrize("source", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_and_no_figure_is_left_open(source):
    text = source.read_text()
    assert not re.search(r"@[A-Z_0-9]+@", text)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if not leads_somewhere(source, link)] == []
