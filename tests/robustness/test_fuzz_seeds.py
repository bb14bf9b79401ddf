"""Test the seeds of the fuzzer: only our errors are raised."""

import pytest

from tests.robustness.fuzz.seeds import SEEDS
from tests.robustness.fuzz.targets import TARGETS

CASES = [(name, seed) for name, seeds in SEEDS.items() for seed in seeds]


def test_each_target_has_seeds() -> None:
    assert SEEDS.keys() == TARGETS.keys()


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_seed_is_decoded_or_rejected(name: str, seed: bytes) -> None:
    TARGETS[name](seed)
