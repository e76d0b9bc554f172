"""The first run of the platform: choices, secrets, checks, start."""
