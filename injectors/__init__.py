"""Mechanisms of harm, one a file, each found as a plug-in."""
