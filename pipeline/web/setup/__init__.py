"""`/setup`: events, watchlists and rules set up in a browser."""
