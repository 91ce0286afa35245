import sys

import environment
import pytest


def test_failing_program_is_told_with_its_output(tmp_path):
    with pytest.raises(RuntimeError, match="no_such_program"):
        environment.run_process(sys.executable, "no_such_program", tmp_path)
    assert "no_such_program" in (tmp_path / "no_such_program.log").read_text()


def test_programs_find_the_modules_of_the_benchmarks(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "HERE", tmp_path)
    (tmp_path / "processes").mkdir()
    (tmp_path / "beside.py").write_text("VALUE = 7\n")
    program = "import json, sys, beside\nopen('out', 'w').write(sys.argv[1] + str(beside.VALUE))\n"
    (tmp_path / "processes" / "writer.py").write_text(program)
    environment.run_process(sys.executable, "writer", tmp_path, number=1)
    assert (tmp_path / "out").read_text() == '{"number": 1}7'
