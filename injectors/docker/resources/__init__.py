"""Containers that may have less than they had: of processors, memory, processes, files, disk, and of the right time."""
