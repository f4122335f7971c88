"""The names of what the faults keep inside `.chaos-aura/`, in a folder of their own."""

FOLDER = "faults"
LEDGER = "ledger.jsonl"
LEDGER_LOCK = "ledger.lock"
REAPER_LOCK = "reaper.lock"
REAPER_SOCKET = "reaper.sock"
REAPER_LOG = "reaper.log"
TIMELINE = "timeline.jsonl"
