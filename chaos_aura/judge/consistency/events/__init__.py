"""A log of events, judged: is each allocation's story whole, in order, told once, in one partition?"""

from chaos_aura.judge.consistency.events.judging import EventLog
from chaos_aura.judge.consistency.events.record import Record, Scope, Span
from chaos_aura.judge.consistency.events.verdict import Judged, Place, Violation, Wrong

__all__ = ["EventLog", "Judged", "Place", "Record", "Scope", "Span", "Violation", "Wrong"]
