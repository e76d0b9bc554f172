"""Is the process alive, can it answer, and its numbers."""
