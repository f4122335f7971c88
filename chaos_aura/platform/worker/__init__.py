"""The process that works: it decides, grants, records. Several of them share the work."""
