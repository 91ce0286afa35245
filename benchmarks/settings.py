"""Settings of all methods, with their defaults.

A method may gain a setting whose default is what it did before. A default is never changed:
results are stored by the settings that differ from it.
"""

from __future__ import annotations

from typing import Any

_TRAINING = {
    "epochs": 40,
    "rate": 2e-3,  # first learning rate, falling on a cosine
    "batch": 128,  # examples
    "shift": None,  # pixels by which pictures are moved at random; the data set's own if None
    "jit": False,  # whether XLA compiles the step
    "policy": "float32",  # dtype policy of training
}
_DISTILLATION = {
    "distillation": 0.0,  # share of the teacher's answers in the loss
    "distillation_temperature": 2.0,
    "teacher": None,  # another pretrained network; the float32 one itself if None
}

DEFAULTS: dict[str, dict[str, Any]] = {
    "keras_ec": {
        **_TRAINING,
        **_DISTILLATION,
        "distillation": 0.7,
        "alpha": 0.1,  # weight of the description length
        "centers": 15,
        "center_type": "uniform",  # or "free"
        "forward": "straight_through",  # or "gaussian"
        "rate_model": "structured",  # or "geometric", "order_0"
        "temperature": [0.6, 0.35],  # first and last, in gaps between centers
        "ramp": 0.2,  # share of training over which alpha rises from zero
        "fine_tune_epochs": 5,  # at the end, with frozen assignments
        "vector_bits": 6,  # resolution of biases and offsets
        "largest_gap": False,  # whether shrinking centers keep assignments, as in the library
        "trained_vector_bits": None,  # that of those trained rounded; not of BatchNormalization
        "restart": False,  # whether the learning rate starts anew for the frozen epochs
        "fine_below": 0,  # kernels of fewer weights have 63 centers
        "remove_dead": False,  # whether units without effect are removed after training
    },
    "ecq": {
        **_TRAINING,
        **_DISTILLATION,
        "price": 0.1,  # lambda, squared spacings a bit
        "centers": 15,
        "ramp": 0.2,  # share of training over which lambda rises from zero
        "fine_tune_epochs": 5,  # at the end, with frozen assignments
        "vector_bits": 8,  # resolution of biases and offsets
        "fine_below": 0,  # kernels of fewer weights have 63 centers
    },
    "post_training": {
        "precision": "int8",  # fp32, fp16, int8, int4
        "compressor": "none",  # none, gzip, zstd, xz
    },
    "tfmot": {
        **_TRAINING,
        "technique": "pruning",  # pruning, clustering, pruning_clustering, pcqat
        "sparsity": 0.9,  # share of zeros at the end of pruning
        "small_sparsity": 0.8,  # at most this for kernels of less than 10,000 weights
        "clusters": 16,
        "precision": "fp32",  # of the .tflite file: fp32, fp16, int8
        "compressor": "gzip",
    },
    "entropy_penalized": {
        **_TRAINING,
        **_DISTILLATION,
        "rate_weight": 0.1,  # weight of the description length
        "step": 0.05,  # first step between integer weights
        "forward": "round",  # or "noise"
    },
    "nncodec": {
        "source": None,  # method whose network is coded, None for the float32 network
        "source_settings": {},
        "qp": -38,  # quantization parameter of matrices; fewer is finer
        "vector_qp": -38,  # that of biases, scales and offsets
        "dependent": True,  # dependent (trellis-coded) quantization
    },
}
"""By method, the module of `methods` that has its name."""
