"""Floor 1: the files of `specs/` as checked Python objects, with their dates and citations."""
