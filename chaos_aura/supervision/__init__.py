"""How to talk to the supervisor of a stack: what it tells of its processes, what can be asked of it.

The daemon itself is the stack's. Whoever hurts or heals a process needs only this.
"""
