"""Packaging of keras_ec."""

import re
import sysconfig
from pathlib import Path

from setuptools import Extension, find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "keras_ec/__init__.py").read_text())[1]

TRAIN = ["tensorflow>=2.17", "keras>=3.12"]
TFC = ["tensorflow==2.17.*", "tensorflow-compression-ops==2.17.0"]
LITERT = ["ai-edge-litert>=2.0"]
EXAMPLES = ["scikit-learn>=1.4", "matplotlib>=3.8", *TRAIN, *LITERT]
TESTS = ["pytest>=8", "pytest-xdist>=3.6", "hypothesis>=6.100", "ruff>=0.6"]

STABLE_ABI = not sysconfig.get_config_var("Py_GIL_DISABLED")  # free-threaded Python has none
C_DECODER = Extension(
    "keras_ec._ecz_decoder",
    sources=["keras_ec/c_decoder/ecz_decoder.c", "keras_ec/c_decoder/python_module.c"],
    depends=["keras_ec/c_decoder/ecz_decoder.h"],
    define_macros=[("Py_LIMITED_API", "0x030A0000")],
    py_limited_api=True,
    optional=True,  # without a compiler Python decodes
)

setup(
    name="keras_ec",
    version=VERSION,
    description="Entropy-constrained training of Keras models, and lossless coding of the result",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["keras_ec", "keras_ec.*"]),
    package_data={"keras_ec": ["py.typed", "c_decoder/*"]},
    ext_modules=[C_DECODER] if STABLE_ABI else [],
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if STABLE_ABI else {},
    entry_points={"console_scripts": ["keras-ec = keras_ec.cli.main:run"]},
    python_requires=">=3.10",
    install_requires=[
        "numpy>=1.26",
        "rich>=13",
        "tflite>=2.18",
        "flatbuffers>=24.3",
    ],
    extras_require={
        "train": TRAIN,
        "tfc": [*TRAIN, *TFC],
        "litert": LITERT,
        "examples": EXAMPLES,
        "dev": [*TFC, *EXAMPLES, *TESTS],
    },
    classifiers=[
        "Development Status :: 3 - Alpha",
        "License :: OSI Approved :: Apache Software License",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
