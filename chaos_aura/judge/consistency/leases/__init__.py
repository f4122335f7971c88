"""Exclusive leases without a search: what each owner held is laid out in time, and gone through once."""
