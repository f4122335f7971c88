"""The daemon that keeps a stack's processes alive, and the way to talk to it."""
