"""Mechanisms of harm, a folder each, found as plug-ins; beside them what several of them share."""
