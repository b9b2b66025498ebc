"""Tables of posts, as scrapers, exports and spreadsheets write them."""
