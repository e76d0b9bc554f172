"""Scoring texts with the version in Production."""
