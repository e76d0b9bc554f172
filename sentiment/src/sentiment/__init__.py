"""The domain core: text cleaning and the model bundle."""
