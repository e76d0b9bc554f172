"""Backup, restore, status, update and clean-up of the stack (``scripts/operate``); standard library only."""
