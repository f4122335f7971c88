"""The Docker engine: which containers there are, what each is just now, what can be done with them.

Whoever starts, hurts, heals or watches containers needs this. It knows no stack and no fault.
"""
