"""The parts that scripts/test runs, one part after another: which tests may run beside others, and which may not."""

import pytest
from docker_fixtures import needs_docker

TOGETHER, ALONE, CONTAINED = "together", "alone", "contained"
PARTS = (TOGETHER, ALONE, CONTAINED)


def part_of(item: pytest.Item) -> str:
    """What speaks to the Docker engine is `contained`: all of it shares one engine, which is slow when many ask."""
    if item.get_closest_marker("alone"):
        return ALONE
    return CONTAINED if needs_docker(item) else TOGETHER
