"""Reports from people and programs about predictions, masked and stored."""
