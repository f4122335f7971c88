"""A lease that waits for another one's end, which may take long."""

from fake_home import FakeHome

from chaos_aura.faults.healing import Ending


def test_that_it_waits_is_written_down_once(home: FakeHome) -> None:
    """It is tried again five times a second."""
    engine = home.engine()
    needing = engine.inject(engine.fault("pretend", "redis", {"needs": "redis"}))
    hurting = engine.inject(engine.fault("pretend", "kafka", {"hurts": "redis"}))
    assert [each.ending for each in engine.heal([needing])] == [Ending.WAITING]
    assert home.ledger.leases()[needing.id].revoked
    written = home.ledger.path.read_bytes()
    assert [each.ending for each in engine.heal([needing])] == [Ending.WAITING]
    assert home.ledger.path.read_bytes() == written
    assert [each.ending for each in engine.heal([needing, hurting])] == [Ending.HEALED] * 2
