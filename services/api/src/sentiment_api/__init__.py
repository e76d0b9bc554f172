"""The HTTP API: predictions, feedback, model swap, alerts."""
