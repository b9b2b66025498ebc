"""Archives of posts in any of the shapes they are kept in, as posts in the order to count them."""
