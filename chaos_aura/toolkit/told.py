"""What an activity gives back: JSON, for the journal."""

from typing import Any

Told = dict[str, Any]
