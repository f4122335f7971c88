"""Processes inside of a container, one of which may be hurt while the others go on."""
