"""Mail when wrong-prediction reports come in a burst."""
