"""Looks at labelled texts before anything is trained on them, and writes one page about it."""
