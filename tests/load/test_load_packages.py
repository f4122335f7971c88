import sys

import pytest

from chaos_aura.core.errors import MachineLacks
from chaos_aura.load.packages import PACKAGES, refuse_missing_packages


def test_all_are_here() -> None:
    refuse_missing_packages()


@pytest.mark.parametrize("package", PACKAGES)
def test_each_that_is_not_is_told_with_what_brings_it(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MachineLacks) as told:
        refuse_missing_packages()
    assert str(told.value) == f"load: the Python package {package} is missing; pip install 'chaos-aura[load,clients]'"
