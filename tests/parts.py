"""The parts that scripts/test runs, one part after another: which tests may run beside others, and which may not."""

import pytest
from docker_fixtures import needs_docker

TOGETHER, ALONE, CONTAINED = "together", "alone", "contained"
PARTS = (TOGETHER, ALONE, CONTAINED)


def part_of(item: pytest.Item) -> str:
    """What speaks to the Docker engine is `contained`: all of it shares one engine, and the kernel's networks."""
    if needs_docker(item):
        return CONTAINED
    return ALONE if item.get_closest_marker("alone") else TOGETHER
