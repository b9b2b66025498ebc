"""The wall of an event: its posts of all channels in one stream, as moderators let them through."""
