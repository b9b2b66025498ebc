"""What providers of SMS and mail bring by HTTP: whether it is theirs, and the post that it is."""
