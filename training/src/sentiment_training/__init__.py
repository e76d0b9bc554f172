"""The vigie command: data sets, training, evaluation, registration."""
