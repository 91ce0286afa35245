import json

import pytest
from json_file import add_to_json, write_json


def test_values_are_added_to_what_a_file_holds(tmp_path):
    path = tmp_path / "folder" / "results.json"
    add_to_json(path, {"a": 1, "b": 2})
    add_to_json(path, {"b": 3})
    assert json.loads(path.read_text()) == {"a": 1, "b": 3}


def test_what_cannot_be_written_leaves_the_file(tmp_path):
    path = tmp_path / "results.json"
    write_json(path, [1])
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == [1]
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]
