"""The parts of upswell: text, trends, sources, the command."""
