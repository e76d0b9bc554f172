"""Scores large files with a registered version: in this process, or on Ray."""
