"""What an object does when operations come one after another. One model a file; MODELS are those that have a name."""

from collections.abc import Callable, Mapping

from chaos_aura.judge.consistency.models.kv import Kv
from chaos_aura.judge.consistency.models.lease import Lease
from chaos_aura.judge.consistency.models.model import Model
from chaos_aura.judge.consistency.models.mutex import Mutex
from chaos_aura.judge.consistency.models.register import CasRegister, Register

__all__ = ["MODELS", "CasRegister", "Kv", "Lease", "Model", "Mutex", "Register"]

MODELS: Mapping[str, Callable[[], Model]] = {each.name: each for each in (Register, CasRegister, Mutex, Kv, Lease)}
