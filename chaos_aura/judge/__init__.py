"""Conclusions from records. Pure: no clock, no network, no files of its own."""
