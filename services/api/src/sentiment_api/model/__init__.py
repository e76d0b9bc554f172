"""Which version answers: the registry's word, the cache on disk, the swap."""
