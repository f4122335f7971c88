"""The names of what the faults keep inside `.chaos-aura/faults/`."""

LEDGER = "ledger.jsonl"
LEDGER_LOCK = "ledger.lock"
REAPER_LOCK = "reaper.lock"
REAPER_SOCKET = "reaper.sock"
REAPER_LOG = "reaper.log"
TIMELINE = "timeline.jsonl"
