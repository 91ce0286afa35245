import json

import configuration
import curves
import plan
import pytest
from networks import DATA_OF


@pytest.mark.parametrize("network", plan.NETWORKS)
def test_no_point_is_planned_twice(network):
    names = [c.name() for c in plan.validation_plan(network)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("network", plan.CURVES)
@pytest.mark.parametrize("method", ["tfmot", "entropy_penalized", "nncodec", "keras_ec"])
def test_curves_have_five_sizes(network, method):
    points = [c for c in plan.validation_plan(network) if c.method == method]
    assert len(points) >= 5


@pytest.mark.parametrize("network", plan.NETWORKS)
def test_methods_that_train_have_the_same_budget(network):
    points = [c.all_settings() for c in plan.validation_plan(network)]
    assert {s["epochs"] for s in points if "epochs" in s} == {plan.EPOCHS[network]}


def test_teachers_are_other_networks_for_the_same_data():
    taught = [c for network in plan.NETWORKS for c in plan.validation_plan(network)]
    taught = [c for c in taught if c.settings.get("teacher")]
    assert {c.method for c in taught} == {"keras_ec", "entropy_penalized"}
    for c in taught:
        teacher = c.settings["teacher"]
        assert teacher != c.network
        assert DATA_OF[teacher] == DATA_OF[c.network]
        assert c.settings["distillation"] > 0


@pytest.mark.parametrize("network", plan.NETWORKS)
def test_dead_units_are_removed_where_they_are(network, tmp_path, monkeypatch):
    monkeypatch.setattr(configuration, "RESULTS", tmp_path)
    points = [c for c in plan.validation_plan(network) if c.method == "keras_ec"]
    removed = [c for c in points if c.settings.get("remove_dead")]
    assert len(removed) == (len(plan.ALPHAS[network]) if network in plan.DENSE else 0)
    kept = [{k: v for k, v in c.settings.items() if k != "remove_dead"} for c in removed]
    assert all(settings in [c.settings for c in points] for settings in kept)


def test_validation_reads_no_test_set():
    points = [c for network in plan.NETWORKS for c in plan.validation_plan(network)]
    assert {c.split for c in [*points, *plan.quick_plan(plan.QUICK)]} == {"validation"}


@pytest.mark.parametrize("instructions", [False, True])
def test_precision_of_training(instructions, tmp_path, monkeypatch):
    """What has been run in either precision is not run again; else the processor decides."""
    monkeypatch.setattr(configuration, "RESULTS", tmp_path)
    monkeypatch.setattr(plan, "computes_bfloat16", lambda: instructions)
    row = {"policy": "mixed_bfloat16", "alpha": 0.3}
    half = configuration.Configuration("resnet-8", "keras_ec", row)
    single = configuration.Configuration("resnet-8", "keras_ec", {**row, "policy": "float32"})

    def coded(trained):
        settings = {"source": "keras_ec", "source_settings": trained.settings}
        return configuration.Configuration("resnet-8", "nncodec", settings)

    def check(expected):
        assert plan.runnable(half) == expected
        assert plan.runnable(coded(half)) == coded(expected)

    check(half if instructions else single)
    single.result_path().parent.mkdir()
    single.result_path().write_text("{}")
    check(single)
    half.result_path().write_text("{}")
    check(half)
    plain = configuration.Configuration("resnet-8", "nncodec", {"qp": -20})
    assert plan.runnable(plain) == plain


def test_best_points_are_measured_on_the_test_set(tmp_path, monkeypatch, make_result):
    monkeypatch.setattr(configuration, "RESULTS", tmp_path)
    network = "lenet-300-100"
    monkeypatch.setitem(curves.MARGINS, network, (0.5,))
    planned = [c for c in plan.validation_plan(network) if c.method == "entropy_penalized"]
    points = planned[:5]
    errors = [1.0, 1.1, 1.05, 1.3, 9.0]
    for size, (point, error) in enumerate(zip(points, errors, strict=True)):
        result = make_result(
            point.method, point.all_settings(), error=error, payload_bytes=1000 - size
        )
        point.result_path().parent.mkdir(exist_ok=True)
        point.result_path().write_text(json.dumps(result))
    chosen = [(c.settings["rate_weight"], c.seed) for c in plan.test_plan(network)]
    assert {c.split for c in plan.test_plan(network)} == {"test"}
    rates = [c.settings["rate_weight"] for c in points]
    front = [(rates[i], 0) for i in (4, 3, 2, 0)]
    assert chosen == [*front, (rates[3], 1), (rates[3], 2)]
