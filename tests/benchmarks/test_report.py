import json

import configuration
import plan
import pytest
import report


def test_results_are_read_by_network(tmp_path, make_result):
    for network in ("resnet-8", "lenet-5"):
        (tmp_path / network).mkdir()
        text = json.dumps(make_result(network=network))
        (tmp_path / network / "one.json").write_text(text)
    results = report.load_results(tmp_path)
    assert list(results) == ["lenet-5", "resnet-8"]
    assert results["resnet-8"][0]["network"] == "resnet-8"


def test_table_shows_payload_file_ratio_and_error(make_result):
    text = report.markdown_table([make_result("ecq", error=1.234)], 0.9, headlines=False)
    assert "| ECQ | 5,000 | 213.3x | 5,500 | 193.9x | 1.23 % | 1 | defaults |" in text
    assert "validation error" in text


def test_table_shows_the_test_split_once_there_is_one(make_result):
    results = [make_result("ecq"), make_result("ecq", split="test", error=1.4)]
    text = report.markdown_table(results, 0.9, headlines=True)
    assert "test error | seeds" in text
    assert "| ECQ | 5,000 | 213.3x | 5,500 | 193.9x | 1.40 % | 1 |" in text


def test_settings_that_differ_are_named(make_result):
    assert report.given(make_result(settings={"alpha": 0.4})) == "alpha 0.4"


def test_overview_shows_the_smallest_curve_of_each_family_at_one_error(make_result):
    present = {"restart": True, "largest_gap": True}
    points = [
        ("keras_ec", {**present, "alpha": 0.1}, 4000, 1.4),
        ("keras_ec", {**present, "alpha": 0.9}, 1000, 3.0),
        ("keras_ec", {**present, "center_type": "free"}, 5000, 1.0),
        ("keras_ec", {"alpha": 0.1}, 10, 1.0),  # earlier
        ("nncodec", {"source": "keras_ec", "source_settings": {}}, 10, 1.0),
        ("ecq", {}, 9000, 1.5),
        ("entropy_penalized", {}, 100, 9.0),
    ]
    results = [
        make_result(method, settings, error, "test", payload_bytes=size)
        for method, settings, size, error in points
    ]
    other = [{**r, "network": "resnet-8"} for r in results if r["method"] == "ecq"]
    table = report.overview_table({"lenet-300-100": results, "resnet-8": other})
    assert table.splitlines() == [
        "|  | lenet-300-100 | resnet-8 |",
        "| --- | ---: | ---: |",
        "| float32 | 1,066,440 at 1.00 % | 1,066,440 at 1.00 % |",
        "| test error of all below | 1.55 % | 2.00 % |",
        "| entropy-penalized reparameterization | - | - |",
        "| ECQ | ≤ 9,000 (118x) | ≤ 9,000 (118x) |",
        "| keras_ec | 3,513 (304x) | - |",
    ]


def test_equal_error_table_orders_curves_by_size_and_names_bounds(make_result):
    sizes_and_errors = ((1000, 3.0), (4000, 1.4))
    results = [
        make_result(settings={"alpha": e}, split="test", payload_bytes=size, error=e)
        for size, e in sizes_and_errors
    ]
    results += [
        make_result("nncodec", {"qp": -8}, split="test", payload_bytes=900, error=5.0),
        make_result("nncodec", split="test", payload_bytes=3000, error=2.0),
        make_result("entropy_penalized", split="test", payload_bytes=9000, error=1.0),
        make_result("ecq", split="test", payload_bytes=50, error=9.0),
    ]
    lines = report.equal_error_table(results).splitlines()
    assert lines[2] == "| curve | at 1.55 % | at 2.10 % | points |"
    assert lines[4:] == [
        "| keras_ec, earlier centers, distilled | 3,513 | 2,181 | 2 |",
        "| NNCodec | - | 2,882 | 2 |",
        "| entropy-penalized reparameterization | at most 9,000 | at most 9,000 | 1 |",
    ]


def test_progress_counts_points_of_the_plan(tmp_path, monkeypatch, make_result):
    monkeypatch.setattr(configuration, "RESULTS", tmp_path)
    planned = [c for c in plan.validation_plan("vgg") if c.method == "ecq"]
    path = planned[0].result_path()
    path.parent.mkdir()
    path.write_text("{}")
    lines = report.progress_table().splitlines()
    column = lines[0].split(" | ").index("vgg")
    row = next(line for line in lines if line.startswith("| ECQ |"))
    assert row.split(" | ")[column] == f"1 of {len(planned)}"


def test_tables_replace_what_is_between_the_markers():
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    new = report.insert(text, "| a |\n")
    assert new == f"before\n{report.BEGIN}\n\n| a |\n\n{report.END}\nafter\n"
    assert report.insert(new, "| a |\n") == new


@pytest.mark.parametrize(
    "text", ["", report.BEGIN, f"{report.END}{report.BEGIN}", 2 * (report.BEGIN + report.END)]
)
def test_missing_markers_are_named(text):
    with pytest.raises(ValueError, match="in this order"):
        report.insert(text, "")


def test_plot_is_the_same_each_time(tmp_path, make_result):
    results = [make_result(payload_bytes=10**k, error=9 / k) for k in range(3, 6)]
    for name in ("a.svg", "b.svg"):
        report.plot(results, tmp_path / name)
    content = (tmp_path / "a.svg").read_bytes()
    assert content == (tmp_path / "b.svg").read_bytes()
    assert b"keras_ec" in content
