"""The shapes archives come in, each turned into posts by a module of its own."""
